import BacktestKit
import Strategies

BacktestCommands(catalogue: .standard).main()
