public struct NetworkDefinition: Sendable, Equatable {
  public struct Head: Sendable, Equatable { public var name: String }
  public var heads: [Head]
  var hasDropout: Bool { true }
  init(_ table: inout DocumentTable) {
    heads = table.keys.map { key in
      _ = table.node(key)
      return Head(name: key)
    }
  }
}
public protocol NetworkElement: Sendable {}
extension Double: NetworkElement {}
extension Float: NetworkElement {}
public struct Network<Element: NetworkElement>: Sendable {
  public struct State: Sendable { public mutating func reset() {} }
  public var outputCount: Int { 0 }
  public init(
    _ definition: NetworkDefinition, head: String, weights: TensorArchive, inputShape: [Int]
  ) throws(PolicyError) { throw PolicyError("stub") }
  public func makeState() -> State { State() }
  public func evaluate(
    _ input: UnsafeBufferPointer<Element>, state: inout State,
    into output: UnsafeMutableBufferPointer<Element>
  ) {}
}
