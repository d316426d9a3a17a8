"""Twelve bugs for script/mutate --planted: what each does, its file, the text there and the wrong one.

A text has to occur exactly once in its file, so that an edit that no longer applies is noticed.
"""

ROOM = "Sources/BacktestKit/Core/Execution/"
FILLS, SUBMISSION = ROOM + "Broker+Fills.swift", ROOM + "Broker+Submission.swift"
MATCHING, EXECUTION = ROOM + "OrderMatching.swift", ROOM + "Broker+Execution.swift"

BUGS = [
    ("slippage on the wrong side", FILLS,
     "price *= isBuy ? 1 + fraction : max(0, 1 - fraction)",
     "price *= isBuy ? max(0, 1 - fraction) : 1 + fraction"),
    ("commission paid again at each fill", FILLS,
     "commission: total - book[candidate.slot].commissionPaid)",
     "commission: total)"),
    ("exit priced at the open before its entry", MATCHING,
     "let market = path.isReal ? path.price(at: entry.position) : entry.reference",
     "let market = path.bar.open"),
    ("stop triggered by the wrong extreme", MATCHING,
     "by: isBuy == isAdverse ? bar.high : bar.low)",
     "by: isBuy == isAdverse ? bar.low : bar.high)"),
    ("participation ignored by the second order", FILLS,
     "let left = participation * volume - taken",
     "let left = participation * volume - 0 * taken"),
    ("reservation of waiting orders forgotten", SUBMISSION,
     "power -= openingValue(slot, account: &account)",
     "power -= 0 * openingValue(slot, account: &account)"),
    ("sale in a cash account reserved as a short", SUBMISSION,
     "guard account.allowsShorts || remaining > 0 else { return 0 }",
     "guard account.allowsShorts || remaining != 0 else { return 0 }"),
    ("affordable quantity not checked again at the fill", FILLS,
     "if account.certainlyCovers(need, freed: freed) { return quantity }",
     "if need > 0 { return quantity }"),
    ("reduce-only ignored at the open", EXECUTION,
     "if live.pointee.closesOnly {",
     "if live.pointee.closesOnly, context.isIntrabar {"),
    ("sibling in a bracket not cancelled inside the bar", EXECUTION,
     "if order.group != 0 { cancelRelatives(",
     "if order.group != 0, !context.isIntrabar { cancelRelatives("),
    ("expiry a session late", MATCHING,
     "sessionClosing(after: time)?.close",
     "sessionClosing(after: time + .days(1))?.close"),
    ("lots rounded up", SUBMISSION,
     "market.columns[instrument].roundedDownToLot(order.quantity)",
     "market.columns[instrument].roundedDownToLot(\n"
     "          order.quantity + (order.quantity > 0 ? 0.5 : -0.5))"),
]
