extension ExecutionRules {
  /// Whether any trade is taxed.
  var hasTaxes: Bool {
    !taxes.isEmpty || instrumentCosts.contains { !($0.taxes ?? []).isEmpty }
  }

  /// What trading costs as a report states it, in order.
  func costAssumptions(in currency: String) -> [ConfigurationAssumption] {
    var lines = [
      ConfigurationAssumption("Commission", commission.description(in: currency).sentence),
      ConfigurationAssumption("Slippage", Self.sentence(slippage, in: currency)),
    ]
    if let feeSchedule {
      lines.append(ConfigurationAssumption("Fee schedule", feeSchedule.sentence))
    }
    if !taxes.isEmpty {
      lines.append(ConfigurationAssumption("Taxes", Self.sentence(taxes, in: currency)))
    }
    for costs in instrumentCosts {
      let name = costs.selection.text
      if let commission = costs.commission {
        lines.append(
          ConfigurationAssumption(
            "Commission, \(name)", commission.description(in: currency).sentence))
      }
      if let slippage = costs.slippage {
        lines.append(
          ConfigurationAssumption("Slippage, \(name)", Self.sentence(slippage, in: currency)))
      }
      if let schedule = costs.feeSchedule {
        lines.append(ConfigurationAssumption("Fee schedule, \(name)", schedule.sentence))
      }
      if let taxes = costs.taxes {
        lines.append(
          ConfigurationAssumption("Taxes, \(name)", Self.sentence(taxes, in: currency)))
      }
    }
    return lines
  }

  private static func sentence(_ slippage: any SlippageModel, in currency: String) -> String {
    let sentence = slippage.description(in: currency).sentence
    guard !(slippage is NoSlippage) else { return sentence }
    return "\(sentence) On market and stop orders; prices may leave the bar's range."
  }

  private static func sentence(_ taxes: [any TransactionTax], in currency: String) -> String {
    taxes.isEmpty
      ? "None." : taxes.map { $0.description(in: currency).sentence }.joined(separator: " ")
  }

  /// The models in effect as a report lists them: `execution.slippage`, `basis-points`.
  func costSettings(in currency: String) -> [(key: String, value: String)] {
    var settings: [(key: String, value: String)] = []
    func add(_ table: String, _ model: some CostModel) {
      let description = model.description(in: currency)
      settings.append((table, description.model))
      for value in description.values {
        settings.append(("\(table).\(value.name)", value.text))
      }
    }
    add("execution.slippage", slippage)
    add("execution.commission", commission)
    if let feeSchedule { settings.append(("execution.fee-schedule", feeSchedule.name)) }
    for tax in taxes { add("execution.taxes", tax) }
    for (index, costs) in instrumentCosts.enumerated() {
      let table = "costs[\(index)]"
      settings.append((table, costs.selection.text))
      if let slippage = costs.slippage { add("\(table).slippage", slippage) }
      if let commission = costs.commission { add("\(table).commission", commission) }
      if let schedule = costs.feeSchedule {
        settings.append(("\(table).fee-schedule", schedule.name))
      }
      for tax in costs.taxes ?? [] { add("\(table).taxes", tax) }
    }
    return settings
  }
}
