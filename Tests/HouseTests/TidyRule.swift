/// A rule about the text of one file, with a text that it must catch and one that it must pass.
struct TidyRule: Sendable, CustomStringConvertible {
  /// The rule in words.
  let description: String
  /// The files that it is about, by the beginnings of their paths; empty means all text files.
  let scope: [String]
  /// A path and a text that break the rule.
  var canary: (path: String, text: String)
  /// A text for the same path that comes close and keeps the rule.
  var clean: String
  /// What breaks the rule in a file.
  let check: @Sendable (SourceText) -> [SourceFinding]

  func applies(to path: String) -> Bool {
    scope.isEmpty || scope.contains { path.hasPrefix($0) }
  }
}

/// A file that may break a rule, and why.
struct TidyAllowance: Sendable {
  let rule: String
  let path: String
  let reason: String

  /// All of them; one that is no longer needed is an error too.
  static let all: [TidyAllowance] = []
}

extension TidyRule {
  static let all: [TidyRule] =
    calls + [
      fileLength, functionLength, lineLength, trailingSpace, machinePath, unfinished,
      publicDocumentation, publicInterfaceOnly, programName,
    ]

  private static let swiftFolders = ["Sources/", "Tests/", "Examples/", "Benchmarks/"]
  private static let shipped = ["Sources/BacktestKit/", "Sources/Strategies/", "Sources/bt-run/"]

  private static let calls: [TidyRule] = [
    banned("Date()", instead: "a Timestamp that is passed in", in: swiftFolders),
    banned("Date.now", instead: "a Timestamp that is passed in", in: swiftFolders),
    banned("SystemRandomNumberGenerator", instead: "the seeded generator", in: swiftFolders),
    banned(".shuffled()", instead: "the seeded generator", in: swiftFolders),
    banned(".randomElement()", instead: "the seeded generator", in: swiftFolders),
    banned(".random(in:", instead: "the seeded generator", in: swiftFolders),
    banned("getenv(", instead: "a parameter", in: shipped, except: "Sources/BacktestKit/Commands/"),
    banned("print(", instead: "the commands' output", in: ["Sources/BacktestKit/"]),
    banned("fatalError(", instead: "an error or a precondition", in: shipped),
    banned("try!", instead: "an error", in: shipped),
    banned("import Foundation", instead: "Glibc", in: ["Sources/BacktestKit/"]),
    banned("import FoundationEssentials", instead: "Glibc", in: ["Sources/BacktestKit/"]),
  ]

  private static func banned(
    _ call: String, instead: String, in scope: [String], except: String? = nil
  ) -> TidyRule {
    let pattern = SourceText(path: "call.swift", text: call).elements.map(\.text)
    return TidyRule(
      description: "no \(call)", scope: scope,
      canary: (scope[0] + "Base/A.swift", "func f() {\n  \(call)\n}"),
      clean: "// \(call)\nlet a = \"\(call)\"\nother.fingerprint(b)"
    ) { file in
      if let except, file.path.hasPrefix(except) { return [] }
      return file.occurrences(of: pattern).filter { start in
        pattern[0] == "." || !(file.isMember(start) || file.declaresFunction(start))
      }.map { file.finding(file.elements[$0].line, "uses \(call); use \(instead)") }
    }
  }

  private static let fileLength = TidyRule(
    description: "files have at most 400 lines", scope: swiftFolders,
    canary: ("Tests/A.swift", String(repeating: "let a = 1\n", count: 401)),
    clean: String(repeating: "let a = 1\n", count: 400)
  ) { file in
    guard file.isSwift, file.lines.count > 400 else { return [] }
    return [file.finding(401, "is \(file.lines.count) lines long, more than 400")]
  }

  private static let functionLength = TidyRule(
    description: "functions have at most 70 lines", scope: swiftFolders,
    canary: ("Sources/A.swift", "func f() {\n" + String(repeating: "g { h() }\n", count: 69) + "}"),
    clean: "protocol P { func f() }\nfunc f() {\n" + String(repeating: "g()\n", count: 68)
      + "}\nstruct S {\n" + String(repeating: "let a = 1\n", count: 90) + "}"
  ) { file in
    file.functionLengths.filter { $0.count > 70 }.map { function in
      file.finding(function.line, "a function of \(function.count) lines, more than 70")
    }
  }

  private static let lineLength = TidyRule(
    description: "lines have at most 100 columns", scope: swiftFolders + ["Package.swift"],
    canary: ("Tests/A.swift", "let a = \"" + String(repeating: "x", count: 92) + "\""),
    clean: "let a = \"" + String(repeating: "\u{E9}", count: 90) + "\""
  ) { file in
    guard file.isSwift else { return [] }
    return file.findings { line in
      line.utf8.count > 100 && line.count > 100 ? "\(line.count) columns, more than 100" : nil
    }
  }

  private static let trailingSpace = TidyRule(
    description: "no line ends in white space", scope: [],
    canary: ("README.md", "a \nb"), clean: "a\n\n  b"
  ) { file in
    file.findings { line in
      [" ", "\t", "\r"].contains(line.last) ? "ends in white space" : nil
    }
  }

  private static let machinePath = TidyRule(
    description: "no path of one machine", scope: [],
    canary: ("README.md", "see `/\("tmp")/a`"),
    clean: "see net\("/work/")a and\ndir=$(mktemp -d /\("tmp")/XXXXXX)"
  ) { file in
    let folders = ["work", "tmp", "root"].map { "/\($0)/" }
    return file.findings { line in
      guard let folder = folders.first(where: { line.containsPath($0) }),
        !["mktemp", "mkdtemp", "mkstemp", "TMPDIR"].contains(where: { line.utf8Contains($0) })
      else { return nil }
      return "names \(folder), a folder of one machine"
    }
  }

  /// Whoever builds a program from the library gives it a name.
  private static let programName = TidyRule(
    description: "the library does not say how the program is called",
    scope: ["Sources/BacktestKit/"],
    canary: ("Sources/BacktestKit/A.swift", "let advice = \"call `bt-run init`\""),
    clean: "/// `bt-run init` calls it.\ninit(name: String = \"bt-run\")"
  ) { file in
    guard file.isSwift else { return [] }
    return file.findings { line in
      let text = line.drop { $0 == " " }
      guard !text.hasPrefix("//"), line.utf8Contains("bt-run"),
        !line.utf8Contains("name: String = \"bt-run\"")
      else { return nil }
      return "names bt-run; take the name of the program, or say `the command init`"
    }
  }

  private static let unfinished = TidyRule(
    description: "nothing is marked as unfinished", scope: [],
    canary: ("README.md", "TO" + "DO: write"), clean: "TO" + "DOS"
  ) { file in
    let marks = ["TO" + "DO", "FIX" + "ME"]
    return file.findings { line in
      marks.first { line.containsWord($0) }.map { "is marked \($0)" }
    }
  }

  private static let publicDocumentation = TidyRule(
    description: "every public declaration has a docstring", scope: ["Sources/"],
    canary: ("Sources/A.swift", "/// A.\npublic struct A {\n\n  public var b = 1\n}"),
    clean:
      "public import Glibc\n/// A.\n@frozen\npublic struct A {\n  /// B.\n  public var b = 1\n}"
  ) { file in
    file.occurrences(of: ["public"]).compactMap { index in
      let line = file.elements[index].line
      let next = index + 1 < file.elements.count ? file.elements[index + 1].text : ""
      guard next != "import", !file.hasDocumentation(above: line) else { return nil }
      return file.finding(line, "is public and has no docstring")
    }
  }

  private static let publicInterfaceOnly = TidyRule(
    description: "strategies and examples use the public interface alone",
    scope: ["Sources/Strategies/", "Sources/bt-run/", "Examples/"],
    canary: ("Examples/A.swift", "@testable import BacktestKit"),
    clean: "// package, @testable\nimport BacktestKit"
  ) { file in
    // A manifest names its package; a source must not use the access level of that name.
    guard !file.path.hasSuffix("Package.swift") else { return [] }
    return ["testable", "package", "_spi"].flatMap { word in
      file.occurrences(of: [word]).filter { !file.isMember($0) }.map {
        file.finding(file.elements[$0].line, "uses \(word)")
      }
    }
  }
}
