/// Bytes of a file, read at places that the file itself names.
struct BinaryView {
  let bytes: ArraySlice<UInt8>

  init(_ bytes: ArraySlice<UInt8>) { self.bytes = bytes }

  var count: Int { bytes.count }

  /// The bytes of a range; `nil` where it is not all inside.
  func slice(at offset: Int, count: Int) -> ArraySlice<UInt8>? {
    guard offset >= 0, count >= 0, offset <= self.count, count <= self.count - offset else {
      return nil
    }
    let start = bytes.startIndex + offset
    return bytes[start..<(start + count)]
  }

  /// A little-endian integer; `nil` outside of the bytes and where it exceeds 63 bits.
  func integer<Integer: FixedWidthInteger & UnsignedInteger>(
    _ type: Integer.Type, at offset: Int
  ) -> Int? {
    guard let raw = slice(at: offset, count: Integer.bitWidth / 8) else { return nil }
    return Int(exactly: raw.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) })
  }

  func hasBytes(_ expected: [UInt8], at offset: Int) -> Bool {
    slice(at: offset, count: expected.count).map { $0.elementsEqual(expected) } ?? false
  }
}
