import BacktestFiles
import Glibc

/// A folder for one test, removed with all its files when the value goes.
package final class ScratchFolder {
  package let path: String

  package init() throws {
    var template = Array(TestFolder.template.utf8CString)
    guard mkdtemp(&template) != nil else { throw Failure() }
    path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  deinit {
    for name in names { unlink(path + "/" + name) }
    rmdir(path)
  }

  /// The text of one of its files, or `nil` when there is none.
  package func text(_ name: String) -> String? {
    guard let file = fopen(path + "/" + name, "rb") else { return nil }
    defer { fclose(file) }
    var bytes = [UInt8](repeating: 0, count: 1 << 16)
    let count = fread(&bytes, 1, bytes.count, file)
    return String(decoding: bytes[..<count], as: UTF8.self)
  }

  /// The names of its files in order.
  package var names: [String] { ((try? FolderTree.names(in: path)) ?? []).sorted() }

  struct Failure: Error {}
}

private enum TestFolder {
  /// Where the system keeps what is temporary.
  static var template: String {
    (getenv("TMPDIR").map { String(cString: $0) } ?? P_tmpdir) + "/backtestkit-test-XXXXXX"
  }
}
