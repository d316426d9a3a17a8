/// The rules of a run behind one reference, so that the hot path copies none of the models.
final class ExecutionPlan: Sendable {
  let rules: ExecutionRules

  init(_ rules: ExecutionRules) { self.rules = rules }
}
