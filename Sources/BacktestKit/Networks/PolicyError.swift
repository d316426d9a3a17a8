/// A policy that cannot be used, said in one line: what is wrong, what was expected, what to do.
public struct PolicyError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The file or folder of the policy; empty where it is not known yet.
  public var source: String
  /// What is wrong.
  public var problem: String

  /// A policy that cannot be used.
  public init(source: String = "", _ problem: String) {
    self.source = source
    self.problem = problem
  }

  /// `policies/ppo/manifest.json: the tensor 'action_net.bias' is missing; …`
  public var description: String { source.isEmpty ? problem : "\(source): \(problem)" }
}
