import BacktestCore

/// A market, rules and a script of requests: everything that two simulators need to give the same
/// result.
package struct Scenario {
  package var seed: UInt64
  /// In universe order: ascending symbols.
  var market: [BarSeries]
  /// Exchange rates of the currencies of some instruments.
  var rates: [BarSeries] = []
  /// Of perpetual contracts, by their numbers, when which share of the value is paid.
  var funding: [Int: [(time: Timestamp, rate: Double)]] = [:]
  /// Finer bars inside those of some instruments, by their numbers.
  var finer: [Int: BarSeries] = [:]
  /// Changes of the market before it is played.
  var stresses: [MarketStress] = []
  /// Bid-ask spreads of instruments, by their numbers, and from when each was known.
  var quotes: [Int: [(time: Timestamp, spread: Double)]] = [:]
  var rules = SimulationRules()
  /// What is asked for at each instant at which a bar closes, counted from 0.
  var script: [Int: [ScriptedRequest]] = [:]
}

/// One request of a script.
enum ScriptedRequest: Hashable, Sendable {
  case submit(Order)
  case oneCancelsOther([Order])
  case bracket(entry: Order, exits: [Order])
  case ladder(entry: Order, exits: [Order])
  /// Withdraws the order that the script submitted at that place, from 0.
  case cancel(Int)
  case oneTriggersOther(Order, then: [Order])
  /// Changes the order that the script submitted at that place, from 0.
  case modify(Int, Change)
  case cancelAll(Int?)
  case close(Int)
  case target(Int, Stated)
  case rebalance(Int, weight: Double)

  /// What a target states.
  enum Stated: Hashable, Sendable {
    case weight(Double), value(Double), quantity(Double)

    /// The target times a factor.
    func scaled(by factor: Double) -> Stated {
      switch self {
      case .weight(let weight): .weight(weight * factor)
      case .value(let value): .value(value * factor)
      case .quantity(let quantity): .quantity(quantity * factor)
      }
    }

    var isQuantity: Bool { if case .quantity = self { true } else { false } }
  }

  /// What a modification asks for; `nil` stays.
  struct Change: Hashable, Sendable {
    var quantity: Double?
    var limit: Double?
    var trigger: Double?
  }

  /// How many orders the script submits by it; targets make theirs later.
  var orderCount: Int {
    switch self {
    case .submit: 1
    case .oneCancelsOther(let orders): orders.count
    case .bracket(_, let exits), .ladder(_, let exits): 1 + exits.count
    case .oneTriggersOther(_, let others): 1 + others.count
    case .cancel, .target, .rebalance, .modify, .cancelAll, .close: 0
    }
  }
}

/// The rules of a run as plain values, read by the simulator and translated for the engine.
struct SimulationRules: Sendable {
  var cash = 1_000_000.0
  /// `nil` is a cash account.
  var leverage: Double?
  var terms = SimulatedTerms()
  /// Whether money stays in its currency, and else what converting it costs.
  var holdsCurrencies = false
  var conversionPoints = 0.0
  var marketFill = ExecutionRules.MarketFill.nextOpen
  var path = ExecutionRules.IntrabarPath.pessimistic
  var improvesOnGaps = true
  /// How many ticks a price has to go beyond a limit; `nil` where a touch is enough.
  var throughTicks: Int?
  var participation: Double?
  var trailsIntrabar = false
  var latency = TimeSpan.zero
  var sizesAtFill = false
  var rejectsShortfalls = false
  var costs = SimulatedCosts()
  /// What some instruments cost instead, by their numbers.
  var costsOf: [Int: SimulatedCosts] = [:]
  var warmup = 0
  var closesEndedSeries = false
  var decidesOncePerSession = false
  /// Exits that the run attaches to positions.
  var exits = ExitRules()
  /// Limits of the run; `nil` is none.
  var limits: SimulationLimits?
}

/// What a run left behind, in a form in which two runs can be compared.
struct SimulationTape {
  var fills: [Fill] = []
  /// Of each order what became of it, in order of time.
  var outcomes: [[Outcome]] = []
  /// Places of orders that the rules made, whose lives are told by their fills.
  var internalOrders: Set<Int> = []
  /// Of each order its steps, in order of time.
  var events: [[Event]] = []
  var equity: [Double] = []
  var cash = 0.0
  var quantities: [Double] = []
  var ambiguousBars = 0
  /// What contracts and funding paid when, in account currency.
  var payments: [Payment] = []
  /// The limits that were met, in order, with what was done where no order met them.
  var breaches: [String] = []

  struct Fill {
    var order: Int
    var instrument: Int
    var row: Int
    var time: Timestamp
    var isIntrabar: Bool
    var quantity: Double
    var reference: Double
    var price: Double
    var slippage: Double
    var commission: Double
    var tax = 0.0
    /// Whether the rules made it, without an order's costs.
    var isCostless = false
    /// Account currency per price unit and unit of quantity.
    var unit = 0.0
  }

  struct Payment: CustomStringConvertible {
    var name: String
    var instrument: Int
    var time: Timestamp
    var amount: Double

    init(_ name: String, _ instrument: Int, _ time: Timestamp, _ amount: Double) {
      (self.name, self.instrument, self.time, self.amount) = (name, instrument, time, amount)
    }

    var description: String { "\(name) of \(instrument): \(amount) \(time)" }
  }

  struct Event: CustomStringConvertible {
    var name: String
    var time: Timestamp
    var quantity: Double

    var description: String { "\(name) \(quantity) \(time)" }
  }

  struct Outcome {
    var kind: OrderOutcome.Kind
    var time: Timestamp
    var filled: Double
  }
}
