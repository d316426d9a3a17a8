public import BacktestCore

/// A column of values, each of which is said to be known at its time.
public struct TimedValues: Sendable {
  /// What they are called.
  public var name: String
  /// When each is known, ascending.
  public var times: [Timestamp]
  /// The values; `nil` where there is none.
  public var values: [Double?]

  /// A column of values.
  ///
  /// - Precondition: there are as many values as times.
  public init(_ name: String, times: [Timestamp], values: [Double?]) {
    precondition(times.count == values.count, "each value has a time")
    self.name = name
    self.times = times
    self.values = values
  }
}

extension LookaheadProof {
  /// A look-ahead analysis of features: whether values that are said to be known at a time depend
  /// on later bars.
  ///
  ///     let verdict = try LookaheadProof.check("z-score", on: universe) { universe in
  ///       [TimedValues("z", times: …, values: zScores(universe[spx].close))]
  ///     }
  ///
  /// - Parameters:
  ///   - name: what is examined.
  ///   - universe: the market.
  ///   - cuts: how many instants are cut at.
  ///   - seed: chooses the cuts, and the order of the returns after them.
  ///   - features: computes the columns; the same columns for each universe it is given.
  /// - Throws: `LookaheadError` when the columns cannot be computed, there is nothing to cut, or
  ///   two computations over the same bars differ.
  public static func check(
    _ name: String, on universe: Universe, cuts cutCount: Int = 50, seed: UInt64 = 0,
    threads: Int? = nil, features: @escaping @Sendable (Universe) throws -> [TimedValues]
  ) throws(LookaheadError) -> LookaheadVerdict {
    // Each column is recorded as the forecasts of a strategy that does nothing else.
    let definition = StrategyDefinition(name: name, summary: "") { _, universe in
      ValueTeller(try features(universe))
    }
    let parameters = StrategyParameters(values: [])
    do throws(LookaheadError) {
      var proof = LookaheadProof(definition, parameters, on: universe)
      proof.cutCount = cutCount
      proof.seed = seed
      return try proof.run(threads: threads).aboutValues
    } catch {
      guard case .strategy(let error) = error else { throw error }
      throw .feature("\(name): \(error.reason)")
    }
  }
}

extension LookaheadVerdict {
  /// The verdict of a strategy that only tells values: what differs are these.
  fileprivate var aboutValues: LookaheadVerdict {
    let cuts = cuts.map { cut in
      let violations = cut.violations.map { violation in
        var violation = violation
        if violation.kind == .note { violation.kind = .value }
        return violation
      }
      return Cut(time: cut.time, momentCount: cut.momentCount, violations: violations)
    }
    return LookaheadVerdict(subject: subject, cuts: cuts, seed: seed)
  }
}

/// Leaves a remark with each value when it becomes known.
private struct ValueTeller: Strategy {
  private let columns: [TimedValues]
  private var places: [Int]

  init(_ columns: [TimedValues]) {
    self.columns = columns
    places = Array(repeating: 0, count: columns.count)
  }

  mutating func onBars(_ bars: BarSlice, _ trading: inout TradingContext) {
    for (index, column) in columns.enumerated() {
      while places[index] < column.times.count, column.times[places[index]] <= bars.time {
        let place = places[index]
        places[index] += 1
        let value = column.values[place]
        trading.note("\(column.name) \(value.map { "\($0)" } ?? "none") of \(column.times[place])")
      }
    }
  }
}
