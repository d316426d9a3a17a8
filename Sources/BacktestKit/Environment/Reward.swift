import BacktestCore
import BacktestFiles
internal import Glibc

/// What a step earns, computed from equity after costs.
struct Reward {
  var kind = Kind.logReturn
  /// The rate at which the moments of the differential Sharpe ratio follow new returns.
  var adaptation = 0.01
  /// What drawdown, turnover or a right side is worth, in log returns.
  var weight = 0.1
  /// What every reward is multiplied by.
  var scale = 1.0
  /// The growth in a step below which equity counts as gone: a log return has no other bound.
  static let smallestGrowth = 1e-6

  /// The rewards by name.
  enum Kind: String, CaseIterable {
    /// `ln(equity / equity before)`.
    case logReturn = "log_return"
    /// The change of an exponentially weighted Sharpe ratio by the return of the step.
    case differentialSharpe = "differential_sharpe"
    /// The log return less `weight` times the deepening of the drawdown.
    case drawdownPenalised = "drawdown_penalised"
    /// The log return less `weight` times what was traded, as a share of equity.
    case turnoverPenalised = "turnover_penalised"
    /// The log return, and `weight` times the share of assets held on the side on which their price
    /// moved, less the share held on the other side.
    case predictionBonus = "prediction_bonus"
  }

  init() {}

  init(_ table: inout DocumentTable) {
    kind = table.value("name", .choice(), default: .logReturn)
    scale = table.value("scale", .number(), default: 1)
    switch kind {
    case .logReturn: break
    case .differentialSharpe:
      adaptation = table.value("adaptation", .number(.fraction), default: 0.01)
    case .drawdownPenalised, .turnoverPenalised:
      weight = table.value("weight", .number(.notNegative), default: 0.1)
    case .predictionBonus:
      weight = table.value("weight", .number(.notNegative), default: 0.001)
    }
  }

  /// What a reward remembers of an episode.
  struct Memory {
    /// The highest equity, and the drawdown from it as a fraction.
    var peak: Double
    var drawdown = 0.0
    /// The moving means of returns and of their squares.
    var mean = 0.0
    var square = 0.0

    /// At the beginning of an episode.
    init(equity: Double) { peak = equity }
  }

  /// A step of the account.
  struct Step {
    /// Equity before the action and at the next decision.
    var before: Double
    var after: Double
    /// The value of what was traded.
    var traded: Double
    /// The agreement of positions with the moves of prices, from -1 to 1.
    var agreement: Double
  }

  /// What a step earns.
  @inline(__always)
  func value(of step: Step, _ memory: inout Memory) -> Double {
    let growth = step.before > 0 ? step.after / step.before : 0
    let logReturn = log(max(growth, Self.smallestGrowth))
    // By far the most common.
    if kind == .logReturn { return scale * logReturn }
    return value(of: step, growth, logReturn, &memory)
  }

  @inline(never)
  private func value(
    of step: Step, _ growth: Double, _ logReturn: Double, _ memory: inout Memory
  ) -> Double {
    switch kind {
    case .logReturn: return scale * logReturn
    case .differentialSharpe: return scale * differentialSharpe(growth - 1, &memory)
    case .drawdownPenalised:
      memory.peak = max(memory.peak, step.after)
      let drawdown = memory.peak > 0 ? 1 - step.after / memory.peak : 1
      let deepening = max(0, drawdown - memory.drawdown)
      memory.drawdown = drawdown
      return scale * (logReturn - weight * deepening)
    case .turnoverPenalised:
      let turnover = step.before > 0 ? step.traded / step.before : 0
      return scale * (logReturn - weight * turnover)
    case .predictionBonus: return scale * (logReturn + weight * step.agreement)
    }
  }

  /// The differential Sharpe ratio: how the Sharpe ratio of exponentially weighted moments changes
  /// with one more return. 0 while the moments have no deviation.
  ///
  /// > J. Moody, M. Saffell, "Reinforcement Learning for Trading", NIPS 1998.
  private func differentialSharpe(_ gain: Double, _ memory: inout Memory) -> Double {
    let (meanChange, squareChange) = (gain - memory.mean, gain * gain - memory.square)
    let variance = memory.square - memory.mean * memory.mean
    let numerator = memory.square * meanChange - 0.5 * memory.mean * squareChange
    memory.mean += adaptation * meanChange
    memory.square += adaptation * squareChange
    guard variance > 1e-18 else { return 0 }
    return numerator / (variance * variance.squareRoot())
  }
}
