/// The names of the tensors that a network was built from.
///
/// Whatever a checkpoint holds beyond these does not take part in decisions.
package final class TensorReads {
  /// The names.
  package private(set) var names: Set<String> = []

  /// No names yet.
  package init() {}

  func insert(_ name: String) { names.insert(name) }
}
