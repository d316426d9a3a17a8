/// What Python writes as JSON.
enum PythonJSON {
  /// The same document with `null` for the numbers that JSON does not have: Python writes an
  /// infinite `max_grad_norm` as `Infinity`.
  static func standard(_ bytes: [UInt8]) -> [UInt8] {
    let words = ["-Infinity", "Infinity", "NaN"].map { Array($0.utf8) }
    var result: [UInt8] = []
    result.reserveCapacity(bytes.count + 64)
    var index = 0
    var isText = false
    while index < bytes.count {
      let byte = bytes[index]
      if isText, byte == 0x5C, index + 1 < bytes.count {
        result += [byte, bytes[index + 1]]
        index += 2
        continue
      }
      if byte == 0x22 { isText.toggle() }
      if !isText, byte == 0x2D || byte == 0x49 || byte == 0x4E,
        let word = words.first(where: { bytes[index...].starts(with: $0) })
      {
        result += Array("null".utf8)
        index += word.count
        continue
      }
      result.append(byte)
      index += 1
    }
    return result
  }
}
