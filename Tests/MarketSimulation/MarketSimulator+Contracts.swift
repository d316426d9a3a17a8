import BacktestCore

// MARK: - Futures and perpetual contracts (part 15)

/// What is held of a contract, piece by piece, each at the price from which it gains or loses.
struct SimulatedContract {
  var pieces: [(units: Double, price: Double)] = []
}

extension MarketSimulator {
  func isContract(_ instrument: Int) -> Bool {
    [.future, .perpetual].contains(instruments[instrument].assetClass)
  }

  /// What a contract has gained since it was last settled, in its currency.
  func gain(_ instrument: Int) -> Double {
    var sum = 0.0
    for piece in contracts[instrument].pieces {
      sum += piece.units * (marks[instrument] - piece.price) * instruments[instrument].multiplier
    }
    return sum
  }

  /// What a position is worth beside cash, in account currency: nobody paid for a contract.
  func worth(_ instrument: Int) -> Double {
    if isContract(instrument) { return gain(instrument) * rate(instrument) }
    return quantities[instrument] * marks[instrument] * unitMoney(instrument)
  }

  /// At the end of a session gains are paid, and what is held goes on from its mark.
  mutating func settleContracts(isLast: Bool = false) {
    for i in instruments.indices where isContract(i) {
      let gain = gain(i)
      receive(gain, of: i)
      notePayment("settlement", i, gain)
      if instruments[i].currency != nil, !rules.holdsCurrencies, !isLast {
        home -= abs(gain) * rate(i) * rules.conversionPoints / 10_000
      }
      contracts[i].pieces = [(quantities[i], marks[i])]
    }
  }

  /// Funding that is due now, in order of instruments: a positive rate is paid by who is long.
  mutating func payFunding() {
    guard now > baseTime else { return }
    for i in instruments.indices {
      for payment in funding[i] ?? [] where payment.time == now {
        let money = -quantities[i] * marks[i] * instruments[i].multiplier * payment.rate
        receive(money, of: i)
        notePayment("funding", i, money)
      }
    }
  }

  private mutating func notePayment(_ name: String, _ instrument: Int, _ money: Double) {
    tape.payments.append(
      SimulationTape.Payment(name, instrument, now, money * rate(instrument)))
  }
}
