import BacktestCore
import BacktestFiles
internal import Synchronization

/// A line that shows how far a long command is and how long it will still take.
///
/// It is drawn only where a person looks at the stream, at most ten times a second, and removed
/// when it is finished or goes out of scope, so that messages never follow it on one line.
///
///     var progress = ProgressBar("folds", total: 39, in: context, isQuiet: options.isQuiet)
///     for fold in folds { …; progress.advance() }
///     progress.finish()
struct ProgressBar: ~Copyable {
  private static let barWidth = 24
  private static let redrawSeconds = 0.1

  private let label: String
  private let total: Int
  private let stream: any TextStream
  private let clock: any MonotonicClock
  private let start: Double
  private let isVisible: Bool
  private let isCounted: Bool
  private var done = 0
  private var lastDrawn: Double?

  /// A bar over `total` steps, whose numbers are shown where they are counted; only the label where
  /// there are none.
  init(
    _ label: String, total: Int, in context: CommandContext, isQuiet: Bool, isCounted: Bool = true
  ) {
    self.isCounted = isCounted
    self.label = printable(label, limit: 60)
    self.total = total
    stream = context.errors
    clock = context.clock
    start = context.clock.seconds
    isVisible = context.errors.isTerminal && !isQuiet
  }

  /// Notes that steps are done.
  mutating func advance(by steps: Int = 1) { advance(to: done + steps) }

  /// Notes how many steps are done.
  mutating func advance(to steps: Int) {
    done = min(max(done, steps), total)
    guard isVisible else { return }
    let now = clock.seconds
    if let lastDrawn, now - lastDrawn < Self.redrawSeconds { return }
    lastDrawn = now
    stream.write("\r\(line(at: now).cut(to: stream.width - 1))\u{1B}[K")
  }

  /// Removes the line.
  consuming func finish() {}

  deinit {
    if lastDrawn != nil { stream.write("\r\u{1B}[K") }
  }

  private func line(at now: Double) -> String {
    guard total > 0 else { return "\(label) …" }
    let filled = Int(Double(Self.barWidth) * Double(done) / Double(total))
    let bar =
      String(repeating: "#", count: filled) + String(repeating: "-", count: Self.barWidth - filled)
    var line = "\(label) [\(bar)] \(Int(100 * Double(done) / Double(total))) %"
    if isCounted { line += "  \(done)/\(total)" }
    if done > 0, done < total, now > start {
      let left = (now - start) * Double(total - done) / Double(done)
      line += "  ETA \(clockText(seconds: left))"
    }
    return line
  }
}

/// Seconds as a clock shows them: `0:07`, `12:30`, `1:02:03`.
func clockText(seconds: Double) -> String {
  let whole = Int(min(max(seconds.rounded(.up), 0), 359_999))
  let (hours, minutes, rest) = (whole / 3_600, whole / 60 % 60, whole % 60)
  return hours > 0
    ? "\(hours):\(twoDigits(minutes)):\(twoDigits(rest))" : "\(minutes):\(twoDigits(rest))"
}

/// The progress of the stages of a command, one bar after the other, reported from any thread.
final class StageProgress: Sendable {
  private let context: CommandContext
  private let isQuiet: Bool
  private let current = Mutex(Current())

  private struct Current: ~Copyable {
    var stage = ""
    var done = 0
    var bar: ProgressBar?
  }

  /// No bar yet.
  init(_ context: CommandContext, isQuiet: Bool) {
    self.context = context
    self.isQuiet = isQuiet || !context.errors.isTerminal
  }

  /// Shows how far a stage is; a new stage, or one that begins again, gets a new bar.
  func show(_ stage: String, _ done: Int, of total: Int, isCounted: Bool = false) {
    guard !isQuiet else { return }
    current.withLock { current in
      if current.stage != stage || done < current.done || current.bar == nil {
        current.bar = nil
        current.bar = ProgressBar(
          stage, total: total, in: context, isQuiet: false, isCounted: isCounted)
        current.stage = stage
      }
      current.done = done
      current.bar?.advance(to: done)
    }
  }

  /// Removes the bar.
  func finish() { current.withLock { $0.bar = nil } }
}
