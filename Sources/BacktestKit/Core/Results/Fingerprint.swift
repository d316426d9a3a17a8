/// What a run did, in 128 bits: two runs with the same fingerprint traded the same at the same
/// prices and were worth the same at every point.
///
///     print(result.fingerprint)   // 32 hexadecimal digits
public struct RunFingerprint: Hashable, Sendable, BitwiseCopyable {
  /// The digest.
  public var digest: ContentDigest.Value

  /// A fingerprint from its digest.
  public init(digest: ContentDigest.Value) { self.digest = digest }
}

extension RunFingerprint: CustomStringConvertible, LosslessStringConvertible {
  /// 32 hexadecimal digits.
  public var description: String { digest.hexadecimal }

  /// Reads what `description` writes, in upper or lower case; other text gives `nil`.
  public init?(_ text: String) {
    let digits = Array(text.utf8)
    let isHexadecimal = text.utf8.count == 32 && text.allSatisfy { $0.isASCII && $0.isHexDigit }
    guard isHexadecimal,
      let high = UInt64(String(decoding: digits[..<16], as: UTF8.self), radix: 16),
      let low = UInt64(String(decoding: digits[16...], as: UTF8.self), radix: 16)
    else { return nil }
    self.init(digest: ContentDigest.Value(high: high, low: low))
  }
}

extension BacktestResult {
  /// The fingerprint of fills and equity.
  ///
  /// It digests one stream of bytes, all numbers as 64-bit little-endian words and floating-point
  /// numbers by their bits: the number of fills; for each fill the length of its instrument's
  /// symbol and the symbol in UTF-8, then time, quantity, price, commission and slippage; the
  /// number of equity points; for each point its time and equity. Nothing in it depends on the
  /// order in which series were given, on the strategy's name or on the machine.
  /// - Complexity: O(fills + points).
  public var fingerprint: RunFingerprint {
    var stream = CanonicalStream()
    let symbols = universe.series.map { Array($0.instrument.symbol.utf8) }
    stream.append(UInt64(fills.count))
    for fill in fills {
      let symbol = symbols[Int(fill.instrument.index)]
      stream.append(UInt64(symbol.count))
      stream.append(symbol)
      stream.append(UInt64(bitPattern: fill.time.nanoseconds))
      stream.append(fill.quantity.bitPattern)
      stream.append(fill.price.bitPattern)
      stream.append(fill.commission.bitPattern)
      stream.append(fill.slippage.bitPattern)
    }
    stream.append(UInt64(curve.equity.count))
    for row in curve.equity.indices {
      stream.append(UInt64(bitPattern: curve.times[row].nanoseconds))
      stream.append(curve.equity[row].bitPattern)
    }
    return RunFingerprint(digest: stream.finish())
  }
}

/// Bytes on their way into a digest, handed over in blocks.
private struct CanonicalStream {
  private var digest = ContentDigest()
  private var block: [UInt8] = []
  private static let blockSize = 1 << 14

  init() { block.reserveCapacity(Self.blockSize + 64) }

  mutating func append(_ word: UInt64) {
    withUnsafeBytes(of: word.littleEndian) { block.append(contentsOf: $0) }
    if block.count >= Self.blockSize { flush() }
  }

  mutating func append(_ bytes: [UInt8]) { block.append(contentsOf: bytes) }

  mutating func finish() -> ContentDigest.Value {
    flush()
    return digest.value
  }

  private mutating func flush() {
    block.withUnsafeBytes { digest.update($0) }
    block.removeAll(keepingCapacity: true)
  }
}
