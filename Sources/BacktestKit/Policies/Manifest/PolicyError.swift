import BacktestFiles

/// Why a policy, or the command that runs or trains one, cannot be used: what is wrong, what was
/// expected, and what to do, in one line.
public struct PolicyError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The policy's file or folder, or the command; `nil` where it is not known yet.
  public var source: String?
  /// What is wrong.
  public var problem: String
  /// What a failed command wrote last to its standard output and error, oldest line first, at most
  /// ten; empty for all other errors.
  public var lastLines: [String]

  /// An error about a policy.
  public init(source: String? = nil, _ problem: String, lastLines: [String] = []) {
    self.source = source
    self.problem = problem
    self.lastLines = lastLines
  }

  /// `policies/ppo/manifest.json: the tensor 'action_net.bias' is missing; …`, for a failed command
  /// with the last line that it wrote.
  public var description: String {
    let last = lastLines.last.map { "; its last line is \(quotedForMessage($0, limit: 200))" }
    return (source.map { "\($0): " } ?? "") + problem + (last ?? "")
  }
}

extension PolicyError {
  /// Does a step; its error, of whichever kind, becomes one of the policy.
  package static func wrapping<Value>(
    _ step: @autoclosure () throws -> Value
  ) throws(PolicyError) -> Value {
    do {
      return try step()
    } catch let error as PolicyError {
      throw error
    } catch {
      throw PolicyError("\(error)")
    }
  }

  /// Does a step whose errors name `source` where they name nothing themselves.
  static func located<Value>(
    at source: String, _ step: () throws(PolicyError) -> Value
  ) throws(PolicyError) -> Value {
    do {
      return try step()
    } catch {
      // Errors of files begin with the path.
      let isNamed = error.problem.hasPrefix("\(source): ")
      throw PolicyError(
        source: error.source ?? (isNamed ? nil : source), error.problem,
        lastLines: error.lastLines)
    }
  }
}
