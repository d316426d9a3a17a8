import BacktestKit

BacktestCommands(catalogue: StrategyCatalogue([Pullback.definition]), name: "consumer").main()
