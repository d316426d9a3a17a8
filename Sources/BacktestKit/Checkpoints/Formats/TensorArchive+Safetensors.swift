import BacktestFiles

extension TensorArchive {
  /// The tensors as a safetensors file: the same archive is always the same bytes.
  ///
  /// The tensors stand in the order of the archive, without gaps, behind a header that is padded
  /// with spaces to a multiple of eight bytes.
  /// > Hugging Face, *Safetensors format*, 2022.
  public func safetensorsBytes() -> [UInt8] {
    var members: [JSONMember] = []
    var end = 0
    for tensor in tensors {
      let start = end
      end += tensor.bytes.count
      members.append(
        JSONMember(
          key: tensor.name,
          value: .table([
            JSONMember(key: "dtype", value: .text(tensor.elementType.rawValue)),
            JSONMember(key: "shape", value: .list(tensor.shape.map { .integer($0) })),
            JSONMember(key: "data_offsets", value: .list([.integer(start), .integer(end)])),
          ])))
    }
    var header = JSONWriter.bytes(of: .table(members))
    // The writer ends with a line feed, which becomes the first of the padding.
    header[header.count - 1] = 0x20
    header += repeatElement(0x20, count: (8 - header.count % 8) % 8)
    var bytes: [UInt8] = []
    bytes.reserveCapacity(8 + header.count + end)
    bytes += (0..<8).map { UInt8(truncatingIfNeeded: header.count >> (8 * $0)) }
    bytes += header
    for tensor in tensors { bytes += tensor.bytes }
    return bytes
  }
}
