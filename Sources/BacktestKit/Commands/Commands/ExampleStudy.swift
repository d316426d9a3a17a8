/// The study that `init` writes: every key, with what it means and its default.
let exampleStudy = """
  # A study: which bars, which account, which costs, which strategy, and how it is judged.
  # Run it with `bt-run run`, `bt-run walkforward` or `bt-run regimes`. Keys that are commented out
  # show their defaults or an example. Paths count from the folder of this file.
  name: Moving averages on one share

  data:
    calendar: XNYS              # XNYS, weekdays or 24x7
    price: adjusted             # raw, or adjusted: scaled by adjusted close over close
    # timeframe: 1d             # 1m, 15m, 1h, 1d, 1w, 1mo; found from the stamps unless given
    # resample: 1w              # put bars together before the run
    # from: 2005-01-01
    # to: 2012-12-31
    # quality: strict           # strict refuses rows that cannot be, repair mends and lists them
    # cache: .cache             # a folder for binary columns: the second load costs almost nothing
    # columns:                  # only where names are not found by themselves
    #   time: Date
    #   close: Last
    #   separator: ';'
    #   time-format: dd/MM/yyyy # automatic, iso, epoch-s, epoch-ms, epoch-us, epoch-ns, a pattern
    #   timestamps: open        # which end of a bar an intraday stamp means: open or close
    #   time-zone: UTC          # UTC, America/New_York or +02:00
    files:
      - path: prices.csv
        symbol: SHARE
        # asset-class: equity   # equity, index, future, forex, crypto
        # currency: USD
        # tick: 0.01
        # lot: 1                # or fractional
        # multiplier: 1

  account:
    cash: 100000
    # currency: USD
    # leverage: 2               # without it a cash account: no borrowing, no short positions
    # accounting: {rule: orders}   # or {rule: weights, fee: 0.0005} without execution

  execution:
    fill: next-open             # next-open, next-close, same-close
    commission: {basis-points: 1}   # or per-share: 0.005 with minimum-per-order: 1, or per-order: 5
    slippage: {basis-points: 1}     # or half-spread: 0.01, volume-share: 0.1, square-root: 1
    # participation: 0.1        # at most this share of a bar's volume
    # limit-fill: touch         # touch, or through with through-ticks: 1
    # gap-improvement: true
    # intrabar-path: pessimistic  # or open-high-low-close, open-low-high-close,
      #                             nearest-extreme-first
    # latency: 0s
    # size-at: decision         # decision, or fill: equity and price at the match, costs included
    # on-shortfall: cut         # cut or reject what buying power does not cover
    # on-series-end: hold       # hold or close positions whose series ends

  strategy:
    name: sma-crossover         # `bt-run strategies` lists them
    parameters:
      fast: 10
      slow: 50

  walk-forward:
    train: 3y                   # bars (756), days (90d), months (6mo) or years (3y)
    test: 6mo
    objective: sharpe           # the name of a metric
    grid:
      fast: [5, 10, 20]
      slow: [50, 100, 200]
    # search: grid              # or a number of candidates to draw at random
    # anchored: false           # true: every train window begins with the first bar
    # gap: 0                    # bars left out between train and test
    # gap-from: train           # shorten the train window, or shift the test window
    # skip: 250                 # bars before the first window; the longest warm-up unless given
    # tail: drop                # drop or keep the last, incomplete test window
    # carry: equity             # equity or returns
    # boundary: mark            # mark, liquidate or carry positions at a fold's end

  regimes: [bull-bear, volatility]
  # benchmark: {file: index.csv, symbol: INDEX}
  # decide: all-closed          # one decision a session, for exchanges with different hours
  # warmup: 50                  # bars before the first decision; the strategy's own unless given
  # risk-free: 0.02             # a year
  # seed: 0
  # output: {folder: reports}   # Reports/<study> in the working directory unless given

  """
