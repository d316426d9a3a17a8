/// What a position asks of the account's equity, as fractions of its value, or as money per
/// contract of a future or a perpetual contract.
///
///     MarginRates.regulationT          // 50 % to open; 25 % long, 30 % short to hold
///     MarginRates(leverage: 4)         // 25 % to open, on both sides
///     MarginRates(perContract: 13_200, maintenance: 12_000)
public struct MarginRates: Hashable, Sendable, BitwiseCopyable {
  /// What opening a long position asks for.
  public var initialLong: Double
  /// What opening a short position asks for.
  public var initialShort: Double
  /// What holding a long position asks for; equity below the sum over all positions is a margin
  /// call.
  public var maintenanceLong: Double
  /// What holding a short position asks for.
  public var maintenanceShort: Double
  /// What the four numbers are of.
  public var basis = Basis.value

  /// What margin is counted on.
  public enum Basis: String, Hashable, Sendable, BitwiseCopyable, CaseIterable {
    /// Fractions of the value of a position.
    case value
    /// Money per contract, in the currency of the contract, whatever its price is.
    case contract
  }

  /// The same rates for long and short positions.
  public init(initial: Double, maintenance: Double = 0) {
    self.init(
      initialLong: initial, initialShort: initial, maintenanceLong: maintenance,
      maintenanceShort: maintenance)
  }

  /// A rate for each side.
  public init(
    initialLong: Double, initialShort: Double, maintenanceLong: Double, maintenanceShort: Double
  ) {
    self.initialLong = initialLong
    self.initialShort = initialShort
    self.maintenanceLong = maintenanceLong
    self.maintenanceShort = maintenanceShort
  }

  /// The same money per contract for long and short positions, in the currency of the contract.
  public init(perContract initial: Double, maintenance: Double) {
    self.init(initial: initial, maintenance: maintenance)
    basis = .contract
  }

  /// Exposure up to a multiple of equity: an initial rate of 1 / leverage, and no margin calls.
  public init(leverage: Double) { self.init(initial: 1 / leverage) }

  /// The rules of a margin account in the United States: Federal Reserve Regulation T asks for 50 %
  /// to open, FINRA Rule 4210 for 25 % to hold a long position and 30 % to hold a short one.
  public static let regulationT = MarginRates(
    initialLong: 0.5, initialShort: 0.5, maintenanceLong: 0.25, maintenanceShort: 0.30)

  func initial(isLong: Bool) -> Double { isLong ? initialLong : initialShort }
  func maintenance(isLong: Bool) -> Double { isLong ? maintenanceLong : maintenanceShort }
}

/// The margin that an account asks for, and when it looks.
///
///     var margin = MarginRules(.regulationT)
///     margin.bySymbol["TSLA"] = MarginRates(initial: 1, maintenance: 0.4)
///     configuration.account.funding = .requirements(margin)
public struct MarginRules: Hashable, Sendable {
  /// The rates of instruments for which nothing else is said.
  public var rates: MarginRates
  /// The rates of a class of instruments.
  public var byAssetClass: [AssetClass: MarginRates] = [:]
  /// The rates of single instruments, which go before those of their class.
  public var bySymbol: [String: MarginRates] = [:]
  /// When equity is held against maintenance.
  public var check = Check.session

  /// When equity is held against maintenance.
  public enum Check: String, Hashable, Sendable, CaseIterable {
    /// At the end of each session.
    case session
    /// At each close of a bar.
    case bar
  }

  /// The same rates for all instruments.
  public init(_ rates: MarginRates = .regulationT) { self.rates = rates }

  /// The rates of an instrument.
  public func rates(of instrument: Instrument) -> MarginRates {
    bySymbol[instrument.symbol] ?? byAssetClass[instrument.assetClass] ?? rates
  }

  /// What is wrong with the rates; `nil` when nothing is.
  package var problem: String? {
    let named =
      [("", rates)]
      + byAssetClass.sorted { $0.key.rawValue < $1.key.rawValue }.map { (" of \($0.rawValue)", $1) }
      + bySymbol.sorted { $0.key < $1.key }.map { (" of \($0)", $1) }
    if rates.basis == .contract {
      return "margin per contract is for futures and perpetual contracts: give it by symbol or by "
        + "the class future or perpetual"
    }
    for (assetClass, rates) in byAssetClass
    where rates.basis == .contract && assetClass.paysNotional {
      return "margin per contract is for futures and perpetual contracts, and "
        + "\(assetClass.rawValue) is neither"
    }
    for (place, rates) in named {
      let sides = [
        ("long", rates.initialLong, rates.maintenanceLong),
        ("short", rates.initialShort, rates.maintenanceShort),
      ]
      for (side, initial, maintenance) in sides {
        if !(initial > 0 && initial.isFinite) {
          return "the initial \(side) margin\(place) must be above 0 and finite, not \(initial)"
        }
        if !(maintenance >= 0 && maintenance <= initial) {
          return "the maintenance \(side) margin\(place) must be from 0 to the initial one, "
            + "\(initial), not \(maintenance)"
        }
      }
    }
    return nil
  }
}

/// A moment at which equity was below maintenance.
public struct MarginCall: Hashable, Sendable, BitwiseCopyable {
  /// When it was found.
  public var time: Timestamp
  /// The account's equity then.
  public var equity: Double
  /// What holding its positions asked for.
  public var maintenance: Double
}
