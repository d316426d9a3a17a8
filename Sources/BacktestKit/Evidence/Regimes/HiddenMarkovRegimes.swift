public import BacktestCore
internal import Glibc

/// Regimes as the hidden states of a Gaussian Markov model of 100 x log returns, in ascending order
/// of variance.
///
/// In hindsight the model is fitted to the whole series, and a bar has the state of the likeliest
/// path. At the time, the model is fitted to the returns so far, first when there are
/// `minimumHistory` of them and then again every `refit` returns, and a bar has the state that is
/// likeliest by the filtered probabilities of the latest model. No return after a bar affects its
/// causal label.
///
///     let states = try HiddenMarkovRegimes(states: 2).analysis(closes: closes)
///     print(states.fit?.model.variances ?? [], states.fit?.bic ?? .nan)
public struct HiddenMarkovRegimes: RegimeClassifier {
  /// How many states; 2 or more.
  public let states: Int
  /// How many returns must be known before the first causal label.
  public let minimumHistory: Int
  /// After how many returns the model for causal labels is fitted again; `nil` for 252, or a tenth
  /// of the returns so far where that is more, so that long series take few fits.
  public let refit: Int?
  /// From how many starts each fit climbs.
  public let starts: Int
  /// The seed of the random starts.
  public let seed: UInt64

  /// A classifier; the history must hold ten returns a state or more.
  public init(
    states: Int = 2, minimumHistory: Int = 504, refit: Int? = nil, starts: Int = 12,
    seed: UInt64 = 0
  ) {
    precondition(
      states >= 2 && minimumHistory >= 10 * states && (refit ?? 1) >= 1 && starts >= 1,
      "two states or more, ten returns for each")
    self.states = states
    self.minimumHistory = minimumHistory
    self.refit = refit
    self.starts = starts
    self.seed = seed
  }

  /// `hidden Markov, 2 states`.
  public var name: String { "hidden Markov, \(states) states" }

  /// `calm`, `turbulent`; with a `middle` of three, and `state 1` and following of more.
  public var labelNames: [String] {
    switch states {
    case 2: ["calm", "turbulent"]
    case 3: ["calm", "middle", "turbulent"]
    default: (1...states).map { "state \($0)" }
    }
  }

  /// The model of the whole series with its probabilities, and the labels.
  public struct Analysis: Sendable {
    /// The model of the whole series; `nil` where `absence` says why.
    public let fit: HiddenMarkovFit?
    /// Why there is no model: too few returns, or all are equal.
    public let absence: EvidenceError?
    /// The probability of each state at each return given all returns, by the model of the whole
    /// series: one array a state. It looks ahead.
    public let smoothed: [[Double]]
    /// The label of each bar.
    public let labels: RegimeLabels
  }

  /// Fits the model and labels bars by their closes.
  ///
  /// - Throws: `EvidenceError` for closes that are not positive.
  public func analysis(closes: [Double]) throws(EvidenceError) -> Analysis {
    try EvidenceError.check(closes: closes)
    let returns = zip(closes.dropFirst(), closes).map { 100 * log($0 / $1) }
    var descriptive = [Int?](repeating: nil, count: closes.count)
    var (fit, absence) = (nil as HiddenMarkovFit?, nil as EvidenceError?)
    do throws(EvidenceError) {
      let found = try model(of: returns)
      fit = found
      for (row, state) in found.model.viterbi(returns).states.enumerated() {
        descriptive[row + 1] = state
      }
    } catch {
      absence = error
    }
    return Analysis(
      fit: fit, absence: absence, smoothed: fit?.model.smoothed(returns) ?? [],
      labels: RegimeLabels(
        names: labelNames, descriptive: descriptive,
        causal: closes.isEmpty ? [] : [nil] + causal(returns)))
  }

  /// Labels each bar; times are not needed and may be empty.
  ///
  /// - Throws: `EvidenceError` for closes that are not positive.
  public func labels(
    closes: [Double], times: [Timestamp] = []
  ) throws(EvidenceError) -> RegimeLabels {
    try analysis(closes: closes).labels
  }

  private func model(of returns: [Double]) throws(EvidenceError) -> HiddenMarkovFit {
    try HiddenMarkovModel.fit(returns, states: states, starts: starts, seed: seed)
  }

  /// The state after each return by what was known then.
  private func causal(_ returns: [Double]) -> [Int?] {
    guard returns.count >= minimumHistory else { return returns.map { _ in nil } }
    // A fit knows the returns before `end`, so it serves from the last of them on.
    var ends: [Int] = []
    var next = minimumHistory
    while next <= returns.count {
      ends.append(next)
      next += refit ?? max(252, next / 10)
    }
    let bounds = ends + [returns.count + 1]
    let pieces = parallelMap(count: ends.count) { [bounds] index -> [Int?] in
      let (end, last) = (bounds[index], bounds[index + 1] - 1)
      // Returns that are all equal so far have no states; nothing is known.
      guard let fit = try? model(of: Array(returns[..<end])) else {
        return [Int?](repeating: nil, count: last - end + 1)
      }
      let known = fit.model.filtered(Array(returns[..<last]))
      return (end - 1..<last).map { row in
        (0..<states).max { known[$0][row] < known[$1][row] }
      }
    }
    return [Int?](repeating: nil, count: minimumHistory - 1) + pieces.joined()
  }
}
