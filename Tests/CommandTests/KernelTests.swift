import Foundation
import Testing

/// A run is the same whatever kernels OpenBLAS would choose: networks do not use it.
struct KernelTests {
  private struct Tensor {
    var name: String
    var shape: [Int]
    var scale: Float
  }

  /// A network so wide that the products of its window are fused.
  private static let width = 128
  private static let tensors = [
    Tensor(name: "l1.weight", shape: [width, 4], scale: 2),
    Tensor(name: "l1.bias", shape: [width], scale: 0.1),
    Tensor(name: "l2.weight", shape: [width, width], scale: 0.3),
    Tensor(name: "l2.bias", shape: [width], scale: 0.1),
    Tensor(name: "head.weight", shape: [1, width], scale: 0.3),
    Tensor(name: "head.bias", shape: [1], scale: 0),
  ]

  /// A safetensors file of numbers that look random.
  private static var weights: [UInt8] {
    var (header, bytes) = ([String](), [UInt8]())
    var state: UInt64 = 7
    for tensor in tensors {
      let start = bytes.count
      for _ in 0..<tensor.shape.reduce(1, *) {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        let value = tensor.scale * (Float(state >> 40) / 16_777_216 - 0.5)
        withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes += $0 }
      }
      header.append(
        "\"\(tensor.name)\":{\"dtype\":\"F32\",\"shape\":\(tensor.shape),"
          + "\"data_offsets\":[\(start),\(bytes.count)]}")
    }
    let text = Array("{\(header.joined(separator: ","))}".utf8)
    let length = withUnsafeBytes(of: UInt64(text.count).littleEndian) { Array($0) }
    return length + text + bytes
  }

  private static func folder() throws -> WorkFolder {
    let folder = try WorkFolder()
    try folder.write(weights, to: "wide/model.safetensors")
    let digest = try Shell.output("sha256sum '\(folder.path)/wide/model.safetensors'").prefix(64)
    try folder.write(
      """
      {"format": "backtestkit.policy/1", "name": "wide", "algorithm": "supervised",
       "weights": [{"file": "model.safetensors", "format": "safetensors", "sha256": "\(digest)"}],
       "network": {"predict": [
         {"op": "linear", "params": "l1"}, {"op": "tanh"}, {"op": "linear", "params": "l2"},
         {"op": "tanh"}, {"op": "last_step"}, {"op": "linear", "params": "head"}]},
       "observation": {"shape": [16, 4], "dtype": "float32", "window": 16,
         "normalise": {"kind": "none"}, "features": [
           {"name": "logret_1"}, {"name": "logret_2"}, {"name": "logret_5"},
           {"name": "logret_10"}]},
       "output": {"kind": "regression", "unit": "log_return"}}
      """, to: "wide/manifest.json")
    try folder.write(
      """
      name: Wide
      data:
        calendar: XNYS
        from: 2017-01-01
        files:
          - {path: \(CommandFixture.path("prices/sp500.csv")), symbol: SPX, lot: fractional}
      account: {cash: 100000, leverage: 2}
      strategy: {policy: wide, sizing: {by: proportional, factor: 3}}

      """, to: "study.yaml")
    return folder
  }

  /// The kernels that run on this processor, oldest first.
  private static var kernels: [String] {
    let flags = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
    return ["Nehalem"] + (flags.contains(" avx2 ") ? ["Haswell"] : [])
      + (flags.contains(" avx512f ") ? ["SkylakeX"] : [])
  }

  @Test func predictionsDoNotDependOnTheKernel() throws {
    let folder = try Self.folder()
    var results: [[String: [UInt8]]] = []
    for kernel in Self.kernels {
      let text = try Shell.output(
        "cd '\(folder.path)' && OPENBLAS_CORETYPE=\(kernel) '\(BuiltProgram.path)' run study.yaml "
          + "--quiet --out out; echo \"status $?\"")
      #expect(text == "status 0\n", "\(kernel): \(text)")
      results.append(try folder.files("out"))
    }
    for (kernel, files) in zip(Self.kernels, results).dropFirst() {
      for (name, bytes) in files { #expect(bytes == results[0][name], "\(kernel): \(name)") }
    }
  }
}
