@testable import BacktestCore
@testable import BacktestFiles
@testable import BacktestStudies
import TestSupport

/// Policies and checkpoints that tests make of the fixture `ppo_discrete`.
enum PolicyScratch {
  static let fixture = "policies/ppo_discrete"

  /// A folder with the policy, whose manifest says when its trainer acted, or until when its data
  /// went, or which closes it observed.
  static func folder(
    execution: String? = nil, dataEnd: String? = nil, price: String? = nil
  ) throws -> ScratchFolder {
    let folder = try ScratchFolder()
    try PlainFile.write(try Fixture.bytes("\(fixture)/norm.json"), to: "\(folder.path)/norm.json")
    try PlainFile.write(
      try Fixture.bytes("\(fixture)/model.safetensors"), to: "\(folder.path)/model.safetensors")
    var text = try Fixture.text("\(fixture)/manifest.json")
    if let execution {
      text = text.replacing("\"reward\":", with: "\"execution\": \"\(execution)\",\n \"reward\":")
    }
    if let dataEnd {
      text = text.replacing("\"trained\": {", with: "\"trained\": {\"data_end\": \"\(dataEnd)\",")
    }
    if let price {
      text = text.replacing(
        "\"observation\": {", with: "\"observation\": {\"price\": \"\(price)\",")
    }
    try PlainFile.write(Array(text.utf8), to: "\(folder.path)/manifest.json")
    return folder
  }

  /// The fixture's weights with the bias of one action raised, which makes it more frequent.
  static func weights(favouring action: Int, by amount: Float) throws -> [UInt8] {
    var bytes = try Fixture.bytes("\(fixture)/model.safetensors")
    let length = Int(bytes[..<8].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) })
    let header = try DocumentReader.read(Array(bytes[8..<(8 + length)]), name: "", format: .json)
    let start: Int = try header.decode { table in
      for key in table.keys where key != "action_net.bias" { _ = table.node(key) }
      return table.section("action_net.bias") { tensor in
        _ = (tensor.node("dtype"), tensor.node("shape"))
        return tensor.list("data_offsets", of: .integer()).first ?? 0
      }
    }
    let place = 8 + length + start + 4 * action
    var bits = bytes[place..<(place + 4)].reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
    bits = (Float(bitPattern: bits) + amount).bitPattern
    for byte in 0..<4 { bytes[place + byte] = UInt8(truncatingIfNeeded: bits >> (8 * byte)) }
    return bytes
  }

  /// A study of the policy on the S&P 500 from 2012 on.
  static func study(
    _ policy: String, _ more: String = "", file: String = "prices/sp500.csv"
  ) throws -> Study {
    let text = """
      name: A policy
      data:
        calendar: XNYS
        from: 2012-01-01
        files: [{path: \(file), symbol: SPX, asset-class: index, lot: fractional}]
      account: {cash: 100000, leverage: 2}
      execution: {commission: {basis-points: 4}, slippage: {basis-points: 1}}
      strategy: {policy: \(policy)}
      \(more)

      """
    let document = try DocumentReader.read(Array(text.utf8), name: "study.yaml", format: .yaml)
    return try Study(document: document, folder: Fixture.path(""), catalogue: StrategyCatalogue([]))
  }
}
