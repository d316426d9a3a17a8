import BacktestCore
internal import Glibc

/// The block length by which the bootstrap of a mean has the least error, estimated from the
/// series.
///
///     let length = OptimalBlockLength(sample.returns)
///     ResamplingScheme.stationary(meanBlock: length?.stationary ?? 1)
///
/// The bandwidth is twice the first lag from which on five autocorrelations in a row are
/// insignificant (more than five from a million values on), that lag itself included; the
/// paper's footnote begins one lag later and gives shorter blocks.
/// > D. Politis, H. White, "Automatic Block-Length Selection for the Dependent Bootstrap",
/// > Econometric Reviews 23(1), 2004, with the correction by A. Patton, D. Politis, H. White,
/// > Econometric Reviews 28(4), 2009.
public struct OptimalBlockLength: Hashable, Sendable {
  /// The mean length for the stationary bootstrap, from 1 to min(3 sqrt(n), n / 3).
  public let stationary: Double
  /// The length for the circular block bootstrap, in the same range.
  public let circular: Double

  /// The optimal lengths for a series; `nil` where it has fewer than ten values, one that is not
  /// finite, or no dispersion.
  public init?(_ values: [Double]) {
    let dispersion = Dispersion(values)
    guard values.count >= 10, dispersion.squares.isFinite, dispersion.deviation() != 0 else {
      return nil
    }
    let count = Double(values.count)
    let centred = values.map { $0 - dispersion.mean }
    let run = max(5, Int(log10(count)))
    let mostLags = min(Int(count.squareRoot().rounded(.up)) + run, values.count - 2)
    let covariances = OptimalBlockLength.covariances(
      of: centred, run: run, mostLags: mostLags)
    let bandwidth = covariances.count - 1
    var slope = 0.0
    var spectrum = covariances[0]
    for lag in 1...bandwidth {
      // The flat-top window: 1 up to one half, then falling to 0.
      let weight = min(1, 2 * (1 - Double(lag) / Double(bandwidth)))
      slope += 2 * weight * Double(lag) * covariances[lag]
      spectrum += 2 * weight * covariances[lag]
    }
    let longest = min(3 * count.squareRoot(), count / 3).rounded(.up)
    func length(_ factor: Double) -> Double {
      let ratio = 2 * slope * slope / (factor * spectrum * spectrum)
      let length = cbrt(ratio * count)
      return length < longest ? max(length, 1) : longest
    }
    stationary = length(2)
    circular = length(4.0 / 3)
  }

  /// The autocovariances from lag 0 to the bandwidth.
  private static func covariances(of centred: [Double], run: Int, mostLags: Int) -> [Double] {
    let count = centred.count
    let threshold = 2 * (log10(Double(count)) / Double(count)).squareRoot()
    var covariances: [Double] = []
    var insignificant = 0
    var bandwidth = mostLags
    var squaresBefore = centred.reduce(0) { $0 + $1 * $1 }
    var squaresAfter = squaresBefore
    centred.withUnsafeBufferPointer { values in
      for lag in 0...mostLags {
        var product = 0.0
        for row in lag..<count { product += values[row] * values[row - lag] }
        covariances.append(product / Double(count))
        let correlation = abs(product) / (squaresBefore * squaresAfter).squareRoot()
        insignificant = correlation < threshold ? insignificant + 1 : 0
        if insignificant == run, bandwidth == mostLags {
          bandwidth = min(2 * max(lag - run + 1, 1), mostLags)
        }
        if bandwidth < mostLags, lag >= bandwidth { break }
        // The next lag leaves out one more row at each end.
        squaresBefore -= values[lag] * values[lag]
        squaresAfter -= values[count - 1 - lag] * values[count - 1 - lag]
      }
    }
    return Array(covariances[...bandwidth])
  }
}
