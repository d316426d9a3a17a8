import BacktestKit

let close = Timestamp(seconds: 1_546_290_000)
print("The last close of 2018 in New York was at \(close), on a \(close.utcDate.weekday).")
