/// Writes JSON values as bytes: the same value is always the same bytes, and a finite number reads
/// back as the same Double.
///
/// Two spaces a level. A list without tables or lists in it stays on one line while it fits.
package struct JSONWriter {
  private static let lineWidth = 100
  private var bytes: [UInt8] = []
  private var isOneLine = false

  /// The text of a value as UTF-8, with a line feed at the end.
  package static func bytes(of value: JSONValue) -> [UInt8] {
    var writer = JSONWriter()
    writer.write(value, depth: 0)
    writer.bytes.append(0x0A)
    return writer.bytes
  }

  /// The text of a value on one line as UTF-8, with a line feed at the end.
  package static func line(of value: JSONValue) -> [UInt8] {
    var writer = JSONWriter()
    writer.isOneLine = true
    writer.write(value, depth: 0)
    writer.bytes.append(0x0A)
    return writer.bytes
  }

  private mutating func write(_ value: JSONValue, depth: Int) {
    switch value {
    case .null: append("null")
    case .bool(let value): append(value ? "true" : "false")
    case .integer(let value): append(String(value))
    case .number(let value): append(value.isFinite ? value.description : "null")
    case .text(let text): write(text: text)
    case .list(let items): write(items, depth: depth)
    case .table(let members): write(members, depth: depth)
    }
  }

  private mutating func write(_ items: [JSONValue], depth: Int) {
    if items.isEmpty { return append("[]") }
    if !isOneLine, items.allSatisfy(\.isScalar) {
      let start = bytes.count
      append("[")
      for (index, item) in items.enumerated() {
        if index > 0 { append(", ") }
        write(item, depth: depth)
        if bytes.count - start > Self.lineWidth { break }
      }
      append("]")
      if bytes.count - start + 2 * depth <= Self.lineWidth { return }
      bytes.removeSubrange(start...)
    }
    append("[")
    for (index, item) in items.enumerated() {
      newLine(depth: depth + 1, isFirst: index == 0)
      write(item, depth: depth + 1)
    }
    newLine(depth: depth, isFirst: true)
    append("]")
  }

  private mutating func write(_ members: [JSONMember], depth: Int) {
    if members.isEmpty { return append("{}") }
    append("{")
    for (index, member) in members.enumerated() {
      newLine(depth: depth + 1, isFirst: index == 0)
      write(text: member.key)
      append(isOneLine ? ":" : ": ")
      write(member.value, depth: depth + 1)
    }
    newLine(depth: depth, isFirst: true)
    append("}")
  }

  private mutating func newLine(depth: Int, isFirst: Bool) {
    append(isFirst ? "" : ",")
    if isOneLine { return }
    append("\n")
    bytes.append(contentsOf: repeatElement(0x20, count: 2 * depth))
  }

  private mutating func write(text: String) {
    append("\"")
    for byte in text.utf8 {
      switch byte {
      case 0x22: append("\\\"")
      case 0x5C: append("\\\\")
      case 0x0A: append("\\n")
      case 0x0D: append("\\r")
      case 0x09: append("\\t")
      case 0..<0x20, 0x7F:
        append("\\u00")
        append(byte < 0x10 ? "0" : "")
        append(String(byte, radix: 16))
      default: bytes.append(byte)
      }
    }
    append("\"")
  }

  private mutating func append(_ text: String) { bytes.append(contentsOf: text.utf8) }
}

extension JSONValue {
  /// The value as pretty JSON, with a line feed at the end.
  package var text: String { String(decoding: JSONWriter.bytes(of: self), as: UTF8.self) }

  fileprivate var isScalar: Bool {
    switch self {
    case .list, .table: false
    default: true
    }
  }
}
