/// Where bars came from, so that a result can be traced to its bytes.
public struct DataSource: Hashable, Sendable {
  /// The path as the user gave it.
  public var path: String
  /// The size of the file in bytes.
  public var byteCount: Int
  /// The fast 128-bit content digest of the file, 32 hexadecimal digits.
  public var digest: String

  /// A source from its parts.
  public init(path: String, byteCount: Int, digest: String) {
    self.path = path
    self.byteCount = byteCount
    self.digest = digest
  }
}
