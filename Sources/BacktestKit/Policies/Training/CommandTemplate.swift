import BacktestCore
import BacktestFiles

/// A command with placeholders, such as one that trains a policy for each fold.
///
///     let template = try CommandTemplate(
///       "python train.py --from {train_start} --to {train_end} --out {checkpoint}",
///       placeholders: ["train_start", "train_end", "checkpoint", "seed"])
///     template.substituted(["train_start": "2015-01-01", …])
///
/// A placeholder is a name in braces, letters and `_` only; `{{name}}` is the text `{name}`. Other
/// braces are left alone. The line is split into words before the values are filled in, so a value
/// with blanks stays one word, and no shell ever reads them.
package struct CommandTemplate: Sendable, Equatable {
  /// The program and its arguments, with their placeholders.
  package let words: [String]
  /// The placeholders that it uses, each once, in their order.
  package let usedPlaceholders: [String]

  /// A template from its words.
  ///
  /// - Parameters:
  ///   - words: the program and its arguments.
  ///   - placeholders: the names of all placeholders.
  /// - Throws: `PolicyError` when there is no program or a placeholder is unknown.
  package init(words: [String], placeholders: [String]) throws(PolicyError) {
    guard let program = words.first, !program.isEmpty else {
      throw PolicyError("the command has no program")
    }
    var used: [String] = []
    for name in words.flatMap({ Piece.pieces(of: $0) }).compactMap(\.name) {
      guard placeholders.contains(name) else {
        let advice = NearestName.find(name, among: placeholders).map { "did you mean '{\($0)}'?" }
        let known = "known are " + listed(placeholders.map { "{\($0)}" }, "and")
        throw PolicyError(
          command: words,
          "unknown placeholder '{\(name)}'; \(advice.map { "\($0) " } ?? "")\(known)")
      }
      if !used.contains(name) { used.append(name) }
    }
    self.words = words
    usedPlaceholders = used
  }

  /// A template from one line, split at blanks as a shell would: '…' and "…" keep blanks, a
  /// backslash keeps the next character.
  ///
  /// - Throws: `PolicyError` for an unclosed quote, for what only a shell could do, and as
  ///   `init(words:placeholders:)`.
  package init(_ line: String, placeholders: [String]) throws(PolicyError) {
    try self.init(words: try CommandLineWords.split(line), placeholders: placeholders)
  }

  /// The words with the values of the placeholders filled in.
  ///
  /// - Precondition: each used placeholder has a value.
  package func substituted(_ values: [String: String]) -> [String] {
    words.map { word in
      Piece.pieces(of: word).map { piece in
        guard let name = piece.name else { return piece.text }
        guard let value = values[name] else { preconditionFailure("{\(name)} has no value") }
        return value
      }.joined()
    }
  }

  /// A command on one line, as a message shows it.
  static func shown(_ words: [String]) -> String {
    let line = words.map { word in
      let isPlain = !word.isEmpty && !word.contains { " \t\n'\"\\|&;<>$`".contains($0) }
      return isPlain ? word : "'" + word + "'"
    }.joined(separator: " ")
    return String(quotedForMessage(line, limit: 200).dropFirst().dropLast())
  }
}

/// A part of a word: text, or a placeholder.
private struct Piece {
  var text = ""
  var name: String?

  static func pieces(of word: String) -> [Piece] {
    var pieces: [Piece] = []
    var text = ""
    var rest = word[...]
    while let next = rest.first {
      if next == "{" {
        if rest.hasPrefix("{{"), let name = name(at: rest.dropFirst(2)),
          rest.dropFirst(2 + name.count).hasPrefix("}}")
        {
          text += "{\(name)}"
          rest = rest.dropFirst(name.count + 4)
          continue
        }
        if let name = name(at: rest.dropFirst()) {
          pieces.append(Piece(text: text))
          pieces.append(Piece(name: String(name)))
          text = ""
          rest = rest.dropFirst(name.count + 2)
          continue
        }
      }
      text.append(next)
      rest = rest.dropFirst()
    }
    return pieces + [Piece(text: text)]
  }

  /// The name at the start of the text, before a closing brace.
  private static func name(at rest: Substring) -> Substring? {
    let name = rest.prefix { $0 == "_" || ($0.isASCII && $0.isLetter) }
    return !name.isEmpty && rest.dropFirst(name.count).first == "}" ? name : nil
  }
}

/// A command line split at blanks.
private enum CommandLineWords {
  static func split(_ line: String) throws(PolicyError) -> [String] {
    var words: [String] = []
    var word: String?
    var quote: Character?
    var rest = line[...]
    while let next = rest.popFirst() {
      if let open = quote {
        if next == open {
          quote = nil
        } else if open == "\"", next == "\\", let escaped = rest.first, "\"\\".contains(escaped) {
          word?.append(rest.removeFirst())
        } else {
          word?.append(next)
        }
      } else if next.isWhitespace {
        if let word { words.append(word) }
        word = nil
      } else if next == "'" || next == "\"" {
        quote = next
        word = word ?? ""
      } else if next == "\\", let escaped = rest.popFirst() {
        word = (word ?? "") + String(escaped)
      } else if "|&;<>$`".contains(next) {
        throw PolicyError(
          source: line,
          "the command does not go through a shell, so '\(next)' has no meaning; put it in quotes, "
            + "or start a shell: [sh, -c, '…']")
      } else {
        word = (word ?? "") + String(next)
      }
    }
    if let quote { throw PolicyError(source: line, "the quote \(quote) is not closed") }
    if let word { words.append(word) }
    return words
  }
}

/// Runs commands to completion.
enum CommandRun {
  /// Runs a command to completion, without a shell and without input.
  ///
  /// It runs in a new process group, and everything that it leaves running ends with it. Its time
  /// limit reads the monotonic clock; all that this can cause is an error.
  ///
  /// - Parameters:
  ///   - command: the program, found on the PATH unless its name has a slash, and its arguments.
  ///   - folder: its working folder; `nil` for that of this process.
  ///   - seconds: its time limit; `nil` for none.
  ///   - isInterrupted: whether the user asked to stop; called ten times a second.
  /// - Throws: `PolicyError` with its last lines unless it ends with exit status 0.
  static func run(
    _ command: [String], folder: String? = nil, within seconds: Double? = nil,
    isInterrupted: () -> Bool = { false }
  ) throws(PolicyError) {
    let child: ChildProcess
    do throws(FileError) {
      child = try ChildProcess(command, folder: folder, streams: .captured)
    } catch {
      throw PolicyError(command: command, "\(error)")
    }
    let deadline = seconds.map { Deadline(seconds: $0) }
    var problem: String?
    while problem == nil {
      if let exit = child.waitForExit(within: 0.1) {
        if exit == .status(0) { return }
        problem = "it \(exit)"
      } else if isInterrupted() {
        problem = "it was interrupted"
      } else if let seconds, deadline?.milliseconds == 0 {
        problem = "it did not end within \(seconds) s and was stopped"
      }
    }
    // Somebody who interrupts does not want to wait.
    child.terminate(grace: isInterrupted() ? 0.05 : 2)
    throw PolicyError(command: command, problem ?? "it failed", lastLines: child.lastLines(10))
  }
}

extension PolicyError {
  /// A command that failed.
  init(command: [String], _ problem: String, lastLines: [String] = []) {
    self.init(source: CommandTemplate.shown(command), problem, lastLines: lastLines)
  }
}
