/// What was removed from a store.
public struct PrunedRuns: Hashable, Sendable {
  /// Results, with their tags and notes.
  public var runs = 0
  /// Trials whose metrics and returns were removed.
  public var returns = 0
  /// Trials that were removed from the count.
  public var forgotten = 0
}

extension RunStore {
  /// Removes results, and the returns of trials.
  ///
  /// Trials are chosen by family and time alone; a filter with a tag or a name removes results
  /// only. Trials stay counted unless they are forgotten, and then the family says how many were.
  ///
  /// - Parameters:
  ///   - filter: what is removed; it must not be empty.
  ///   - forgetsTrials: whether trials are removed from the count.
  ///   - isDry: whether nothing is removed.
  /// - Throws: `RunStoreError` where the filter is empty or nothing can be written.
  @discardableResult
  public func prune(
    _ filter: RunFilter, forgetsTrials: Bool = false, isDry: Bool = false
  ) throws(RunStoreError) -> PrunedRuns {
    guard !filter.isEmpty else {
      throw RunStoreError(path, .invalid("pruning needs to know what to remove"))
    }
    var pruned = PrunedRuns()
    pruned.runs = try runCount(filter)
    let choosesTrials = filter.tag == nil && filter.name == nil
    if choosesTrials {
      pruned.returns = try trialCount(filter, "AND id IN (SELECT trial FROM series)")
      if forgetsTrials { pruned.forgotten = try trialCount(filter, "") }
    }
    guard !isDry else { return pruned }
    try change { (state) throws(RunStoreError) in
      let connection = state.connection
      func run(_ sql: String) throws(RunStoreError) {
        let statement = try connection.prepare(sql)
        filter.bind(to: statement)
        try statement.run()
      }
      let runs = "SELECT run.id \(Self.filtered)"
      try run("DELETE FROM tag WHERE run IN (\(runs))")
      try run("DELETE FROM note WHERE run IN (\(runs))")
      try run("DELETE FROM run WHERE id IN (\(runs))")
      guard choosesTrials else { return }
      try run("DELETE FROM series WHERE trial IN (SELECT id \(Self.filteredTrials))")
      guard forgetsTrials else { return }
      try run(
        "UPDATE family SET forgotten = forgotten + (SELECT count(*) FROM trial "
          + "WHERE trial.family = family.id AND id IN (SELECT id \(Self.filteredTrials)))")
      try run("DELETE FROM trial WHERE id IN (SELECT id \(Self.filteredTrials))")
      try connection.execute(
        "DELETE FROM configuration WHERE NOT EXISTS (SELECT 1 FROM trial "
          + "WHERE trial.family = configuration.family AND trial.configuration = configuration.id)")
    }
    return pruned
  }

  private func trialCount(
    _ filter: RunFilter, _ condition: String
  ) throws(RunStoreError) -> Int {
    try read { (connection) throws(RunStoreError) in
      let query = try connection.prepare("SELECT count(*) \(Self.filteredTrials) \(condition)")
      filter.bind(to: query)
      defer { query.end() }
      return try query.step() ? try query.integer(0) : 0
    }
  }

  /// What a filter leaves of the trials; its second and third parameter are not asked for.
  private static let filteredTrials =
    "FROM trial WHERE family IN (SELECT id FROM family WHERE ?1 IS NULL "
    + "OR instr(lower(strategy), ?1) > 0 OR instr(lower(symbols), ?1) > 0 OR id = ?5) "
    + "AND (?4 IS NULL OR recorded < ?4) AND ?2 IS ?2 AND ?3 IS ?3"
}
