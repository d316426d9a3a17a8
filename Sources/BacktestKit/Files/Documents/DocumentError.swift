/// One thing that is wrong in a document, said in one message.
public struct DocumentProblem: Hashable, Sendable {
  /// Where it is wrong.
  public var place: DocumentPlace
  /// The way from the root to the value, such as `execution.slippage.basis-points`; empty for the
  /// document as a whole.
  public var keyPath: String
  /// What is wrong and what to do, without the place.
  public var message: String

  /// A problem at a place.
  public init(at place: DocumentPlace, keyPath: String = "", _ message: String) {
    self.place = place
    self.keyPath = keyPath
    self.message = message
  }
}

extension DocumentProblem: CustomStringConvertible {
  /// `study.yaml:12:5: unknown key 'comission' in 'execution'; did you mean 'commission'?`
  public var description: String { "\(place): \(message)" }
}

/// A document that cannot be used, with everything that was found wrong in it.
public struct DocumentError: Error, Equatable, Sendable {
  /// What is wrong, in the order of the document; never empty.
  public var problems: [DocumentProblem]

  /// An error of several problems.
  public init(_ problems: [DocumentProblem]) {
    precondition(!problems.isEmpty, "an error needs a problem")
    self.problems = problems
  }

  /// An error of one problem.
  public init(at place: DocumentPlace, keyPath: String = "", _ message: String) {
    problems = [DocumentProblem(at: place, keyPath: keyPath, message)]
  }
}

extension DocumentError: CustomStringConvertible {
  /// One line for each problem.
  public var description: String { problems.map(\.description).joined(separator: "\n") }
}

/// Text of a user inside a message: in quotes, on one line, of bounded length, and without
/// characters that could steer a terminal.
package func quotedForMessage(_ text: some StringProtocol, limit: Int = 60) -> String {
  var shown = "'"
  for (count, scalar) in text.unicodeScalars.enumerated() {
    if count == limit { return shown + "…'" }
    switch scalar {
    case "\n": shown += "\\n"
    case "\t": shown += "\\t"
    default:
      switch scalar.properties.generalCategory {
      case .control, .format, .lineSeparator, .paragraphSeparator, .unassigned, .privateUse:
        shown += "\\u{\(String(scalar.value, radix: 16))}"
      default: shown.unicodeScalars.append(scalar)
      }
    }
  }
  return shown + "'"
}

/// A key path inside a message; its keys may be the user's own.
func quotedPath(_ path: String) -> String { quotedForMessage(path, limit: 120) }
