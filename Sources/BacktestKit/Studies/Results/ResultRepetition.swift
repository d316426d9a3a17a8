package import BacktestCore
import BacktestEvidence
package import BacktestFiles
package import BacktestReports

extension ResultRecord {
  /// What was asked for on the command line, beside the study: doing the same again needs it.
  package struct Asked: Sendable, Equatable {
    /// The markets of a Monte Carlo; `nil` without one.
    var monteCarlo: Markets?
    /// What a sensitivity analysis changed.
    var sensitivity: [String]
    /// Whether the run was split by regimes.
    var hasRegimes: Bool

    /// The synthetic markets of a Monte Carlo.
    struct Markets: Sendable, Equatable {
      var count: Int
      var meanBlock: Double
      var seed: Int
    }

    /// What the parts of a result tell.
    init(monteCarlo: JSONValue?, sensitivity: JSONValue?, hasRegimes: Bool) {
      self.monteCarlo = monteCarlo.flatMap { found in
        guard let count = found["markets"]?.wholeValue, count > 0,
          let block = found["block-length"]?.numberValue, block >= 1,
          let seed = found["seed"]?.wholeValue, seed >= 0
        else { return nil }
        return Markets(count: count, meanBlock: block, seed: seed)
      }
      if case .table(let members) = sensitivity {
        self.sensitivity = members.map(\.key)
      } else {
        self.sensitivity = []
      }
      self.hasRegimes = hasRegimes
    }
  }

  /// The parameters of a run as overrides of its study, where they differ from the study's: those
  /// of a tuning are the best that it found. Otherwise none.
  package func overrides(differingFrom parameters: StrategyParameters) -> [String] {
    guard kind == .run else { return [] }
    let prefix = "parameters."
    let own = configuration.filter { $0.key.hasPrefix(prefix) }
    let isSame = own.allSatisfy { setting in
      let other = parameters[String(setting.key.dropFirst(prefix.count))]
      // A number without decimals is read as a whole one.
      return other == setting.value || other?.number == setting.value.number
    }
    return isSame ? [] : own.map { "strategy.\($0.key)=\($0.value)" }
  }

  /// The caveats; `nil` where they are of a version that knows others.
  fileprivate var resultCaveats: [ResultCaveat]? {
    let known = caveats.compactMap { caveat in
      ResultCaveat.Code(rawValue: caveat.code).map { ResultCaveat($0, caveat.message) }
    }
    return known.count == caveats.count ? known : nil
  }
}

extension StudyOutcome {
  /// The page as `write(to:)` writes it, for another place.
  ///
  /// - Parameters:
  ///   - record: the result that this outcome repeats: how many trials there were, and what else
  ///     was known when it was made; `nil` of a study that was run anew.
  ///   - arguments: the arguments of the program that reproduce it, in the folder of the page;
  ///     `nil` leaves them out.
  /// - Throws: `FileError` when a data file cannot be read again for its SHA-256.
  package func page(
    repeating record: ResultRecord?, reproducedBy arguments: String?
  ) throws(FileError) -> Report {
    var outcome = self
    if let record { outcome.trials = record.trials }
    var report = outcome.report(
      dataFiles: try ResultRecord.DataFile.all(of: result.universe, study), valueAtRisk,
      reproducedBy: arguments)
    if let caveats = record?.resultCaveats { report.caveats = caveats }
    return report
  }
}

extension CrossValidationOutcome {
  /// The page as `write(to:)` writes it, for another place.
  ///
  /// - Throws: `FileError` when a data file cannot be read again for its SHA-256.
  package func page() throws(FileError) -> CrossValidationReport {
    report(dataFiles: try ResultRecord.DataFile.all(of: market.universe, study))
  }
}
