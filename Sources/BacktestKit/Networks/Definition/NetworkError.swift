/// A network that cannot be built from its layers and its tensors: where, what is wrong, and what
/// to do.
public struct NetworkError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The layer or head, such as `network.policy[2] (linear)`; `nil` where it is the whole network.
  public var place: String?
  /// What is wrong, what was expected, and what to do.
  public var problem: String

  /// An error at a place in the definition.
  public init(at place: String? = nil, _ problem: String) {
    self.place = place
    self.problem = problem
  }

  /// `network.policy[2] (linear): the tensor 'action_net.bias' of shape [3] is missing; …`
  public var description: String { place.map { "\($0): \(problem)" } ?? problem }
}
