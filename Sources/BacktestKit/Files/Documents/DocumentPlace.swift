/// Where something was said: a line and column of a file, or a part of the command line.
public struct DocumentPlace: Hashable, Sendable {
  /// The file as it was named, or the whole `--set` argument.
  public var source: String
  /// The line, from 1; 0 where the source has no lines.
  public var line: Int
  /// The column in characters, from 1; 0 where the source has no lines.
  public var column: Int

  /// A place in a file.
  public init(source: String, line: Int, column: Int) {
    self.source = source
    self.line = line
    self.column = column
  }

  /// A source as a whole.
  public init(source: String) { self.init(source: source, line: 0, column: 0) }
}

extension DocumentPlace: CustomStringConvertible {
  /// `study.yaml:12:5`, the form that editors and terminals can follow.
  public var description: String {
    line > 0 ? "\(source):\(line):\(column)" : source
  }
}
