import Glibc

/// Columns in NumPy's `.npy` format, versions 1 to 3.
enum NumpyColumn {
  /// The values of a file of little-endian 64-bit floating point, in C order.
  static func doubles(at path: String) throws(BenchError) -> [Double] {
    try values(at: path, type: "<f8")
  }

  private static func values<Value: BitwiseCopyable>(
    at path: String, type: String
  ) throws(BenchError) -> [Value] {
    guard let file = fopen(path, "rb") else {
      throw BenchError("\(path): cannot be read; does --data name the folder of the columns?")
    }
    defer { fclose(file) }
    var prefix = [UInt8](repeating: 0, count: 12)
    guard fread(&prefix, 1, 10, file) == 10, prefix[0] == 0x93,
      String(decoding: prefix[1..<6], as: UTF8.self) == "NUMPY"
    else { throw BenchError("\(path): is not a NumPy file") }
    var headerLength = Int(prefix[8]) | Int(prefix[9]) << 8
    if prefix[6] > 1 {
      guard fread(&prefix[10], 1, 2, file) == 2 else { throw BenchError("\(path): ends early") }
      headerLength |= Int(prefix[10]) << 16 | Int(prefix[11]) << 24
    }
    var header = [UInt8](repeating: 0, count: headerLength)
    guard fread(&header, 1, headerLength, file) == headerLength else {
      throw BenchError("\(path): ends early")
    }
    let description = String(decoding: header, as: UTF8.self)
    guard description.contains("'descr': '\(type)'"), description.contains("'fortran_order': False")
    else { throw BenchError("\(path): expected \(type) in C order, found \(description)") }

    let count = elementCount(in: description)
    let values = [Value](unsafeUninitializedCapacity: count) { target, initialized in
      initialized = fread(target.baseAddress, 8, count, file)
    }
    guard values.count == count else {
      throw BenchError("\(path): has \(values.count) values where its header says \(count)")
    }
    return values
  }

  /// The product of the numbers in `'shape': (2520, 50)`.
  private static func elementCount(in header: String) -> Int {
    let shape = header.split(separator: "(").last?.prefix { $0 != ")" } ?? ""
    let sizes = shape.split { $0 == "," || $0 == " " }.compactMap { Int($0) }
    return sizes.reduce(1, *)
  }
}
