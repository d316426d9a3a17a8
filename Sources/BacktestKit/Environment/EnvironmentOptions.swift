import BacktestCore
import BacktestFiles
import BacktestStudies

/// How environments are trained on: rewards, episodes, and what changes between them.
struct EnvironmentOptions {
  /// When an episode that ended is followed by a new one.
  var autoreset = Autoreset.none
  /// What an action earns.
  var reward = Reward()
  /// Which bars an episode is of.
  var episodes = EpisodeChoice()
  /// What is drawn anew for each episode.
  var randomised = RandomisedCosts()
  /// Whether episodes keep their history, and so have a result.
  var keepsHistory = false
  /// What becomes of an action that the masks of the manifest do not allow.
  var masked = MaskedAction.carryOut
  /// What decides which episodes come.
  var seed = 0
  /// Replacements of keys of the study.
  var overrides: [String] = []

  /// When an episode that ended is followed by a new one, in the words of gymnasium.
  enum Autoreset: String, CaseIterable {
    /// When the caller resets it.
    case none
    /// At the next step, whose action is not carried out.
    case nextStep = "next-step"
    /// Within the step that ended it.
    case sameStep = "same-step"
  }

  /// What becomes of an action that the masks of the manifest do not allow.
  enum MaskedAction: String, CaseIterable {
    /// It is carried out as any other: masks say what to choose from, as in gymnasium.
    case carryOut = "carry-out"
    /// It is an error, and nothing changes.
    case refuse
  }

  init() {}

  init(_ table: inout DocumentTable) {
    autoreset = table.value("autoreset", .choice(), default: .none)
    reward = table.optionalSection("reward") { Reward(&$0) } ?? Reward()
    episodes = table.optionalSection("episodes") { EpisodeChoice(&$0) } ?? EpisodeChoice()
    randomised = table.optionalSection("randomise") { RandomisedCosts(&$0) } ?? RandomisedCosts()
    keepsHistory = table.value("record", .flag, default: false)
    masked = table.value("masked", .choice(), default: .carryOut)
    seed = table.value("seed", .integer(.notNegative), default: 0)
    overrides = table.optionalList("set", of: .text) ?? []
  }

  /// Reads options from JSON.
  static func read(_ text: String) throws(DocumentError) -> EnvironmentOptions {
    try DocumentReader.read(Array(text.utf8), name: "options", format: .json)
      .decode(EnvironmentOptions.init)
  }
}

/// Which bars an episode is of.
struct EpisodeChoice {
  /// How episodes are chosen.
  var kind = Kind.whole
  /// The number of bars of a window.
  var length = 250
  /// The classifier of regimes.
  var classifier = Study.RegimeChoice.bullBear
  /// The regimes from which episodes come, each as often as the others; all where empty.
  var regimes: [String] = []
  /// The stages of a curriculum, in their order.
  var stages: [Stage] = []

  /// How episodes are chosen.
  enum Kind: String, CaseIterable {
    /// All bars of the study.
    case whole
    /// So many bars from a random one on.
    case window
    /// A window that begins in a regime.
    case regime
    /// Windows that change with the number of episodes.
    case curriculum
  }

  /// A stage of a curriculum.
  struct Stage {
    /// The episodes of each environment in this stage; the last goes on for good.
    var episodes: Int
    /// The number of bars of a window; `nil` is all bars.
    var length: Int?
    /// The multiple of the study's costs.
    var costs: Double
  }

  init() {}

  init(_ table: inout DocumentTable) {
    kind = table.value("kind", .choice())
    switch kind {
    case .whole: break
    case .window: length = table.value("length", .integer(.atLeast(1)))
    case .regime:
      length = table.value("length", .integer(.atLeast(1)))
      classifier = table.value("by", .choice(), default: .bullBear)
      regimes = table.optionalList("regimes", of: .text) ?? []
    case .curriculum:
      stages = table.sections("stages") { table in
        Stage(
          episodes: table.value("episodes", .integer(.atLeast(1)), default: .max),
          length: table.optional("length", .integer(.atLeast(1))),
          costs: table.value("costs", .number(.notNegative), default: 1))
      }
      if stages.isEmpty {
        table.report("a curriculum needs 'stages', a list of tables", at: "stages")
      }
      if stages.dropLast().contains(where: { $0.episodes == .max }) {
        table.report(
          "a stage without 'episodes' goes on for good, so only the last one may leave it out",
          at: "stages")
      }
    }
  }
}

/// What is drawn anew for each episode, uniformly between two bounds.
struct RandomisedCosts {
  /// The multiple of all costs of trading.
  var costs: ClosedRange<Double>?
  /// The multiple of slippage, on top of that.
  var slippage: ClosedRange<Double>?
  /// The delay of orders in seconds.
  var latency: ClosedRange<Double>?

  init() {}

  init(_ table: inout DocumentTable) {
    costs = Self.range("costs", &table)
    slippage = Self.range("slippage", &table)
    latency = Self.range("latency", &table)
  }

  /// Whether nothing is drawn.
  var isEmpty: Bool { costs == nil && slippage == nil && latency == nil }

  private static func range(_ key: String, _ table: inout DocumentTable) -> ClosedRange<Double>? {
    guard let bounds = table.optionalList(key, of: .number(.notNegative), takesSingle: false) else {
      return nil
    }
    guard bounds.count == 2, bounds[0] <= bounds[1] else {
      table.report("'\(key)' is a list of two numbers, the lower one first", at: key)
      return nil
    }
    return bounds[0]...bounds[1]
  }
}

/// What one reset asks for, in place of what the options say.
struct ResetOptions {
  /// The instant of the first decision; `nil` is the first possible one.
  var start: Int?
  /// The number of bars; `nil` is all that are left.
  var length: Int?

  init(_ table: inout DocumentTable) {
    start = table.optional("start", .integer(.notNegative))
    length = table.optional("length", .integer(.atLeast(1)))
  }

  /// Reads options from JSON.
  static func read(_ text: String) throws(DocumentError) -> ResetOptions {
    try DocumentReader.read(Array(text.utf8), name: "options", format: .json)
      .decode(ResetOptions.init)
  }
}
