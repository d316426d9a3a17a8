@testable import BacktestReports
import Glibc
import Testing

struct ReportStyleSheetTests {
  private let css = [ReportStyleSheet.colours, ReportStyleSheet.page, ReportStyleSheet.marks]
    .map { part in part.withUTF8Buffer { String(decoding: $0, as: UTF8.self) } }.joined()

  /// The colours of the light (0) or dark (1) theme by name: red, green, blue and, of those that
  /// let others through, the opacity.
  private func colours(theme: Int) -> [String: [Double]] {
    let block = css.components(after: ":root{")[theme].prefix { $0 != "}" }
    var colours: [String: [Double]] = [:]
    for declaration in block.split(whereSeparator: { $0 == ";" || $0 == "\n" }) {
      let parts = declaration.split(separator: ":")
      guard parts.count == 2, parts[1].hasPrefix("#") else { continue }
      var digits = parts[1].dropFirst().compactMap(\.hexDigitValue)
      if digits.count == 3 { digits = digits.flatMap { [$0, $0] } }
      guard digits.count == 6 || digits.count == 8 else { continue }
      colours[String(parts[0])] = (0..<digits.count / 2).map {
        Double(digits[2 * $0] * 16 + digits[2 * $0 + 1])
      }
    }
    return colours
  }

  /// The contrast of two colours by the rule of WCAG 2.2.
  private func contrast(_ a: [Double], _ b: [Double]) -> Double {
    func luminance(_ colour: [Double]) -> Double {
      let linear = colour.map { channel -> Double in
        let c = channel / 255
        return c <= 0.040_45 ? c / 12.92 : pow((c + 0.055) / 1.055, 2.4)
      }
      return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    }
    let (x, y) = (luminance(a), luminance(b))
    return (max(x, y) + 0.05) / (min(x, y) + 0.05)
  }

  @Test(arguments: [0, 1])
  func textIsReadable(theme: Int) throws {
    let colours = colours(theme: theme)
    func check(_ text: String, on ground: String, atLeast limit: Double) throws {
      let ratio = contrast(try #require(colours["--" + text]), try #require(colours["--" + ground]))
      #expect(ratio >= limit, "\(text) on \(ground): \(ratio)")
    }
    for text in ["ink", "soft", "link", "gain", "loss", "good", "bad"] {
      try check(text, on: "paper", atLeast: 4.5)
    }
    for ground in ["wash", "warnwash", "goodwash", "badwash"] {
      try check("ink", on: ground, atLeast: 4.5)
    }
    for level in ["p1", "p2", "p3", "p4", "n1", "n2", "n3", "n4"] {
      try check("heat", on: level, atLeast: 4.5)
    }
    for line in ["s1", "s2", "s3", "s4", "s5", "s6", "bench", "axis"] {
      try check(line, on: "paper", atLeast: 3)
    }
  }

  /// A shade behind lines is seen, and what is written on it can still be read.
  @Test(arguments: [0, 1])
  func shadesAreSeen(theme: Int) throws {
    let colours = colours(theme: theme)
    let paper = try #require(colours["--paper"])
    for name in ["b1", "b2", "b3", "b4"] {
      let shade = try #require(colours["--" + name])
      let share = try #require(shade.count == 4 ? shade[3] / 255 : nil)
      let seen = (0..<3).map { paper[$0] + (shade[$0] - paper[$0]) * share }
      #expect(contrast(seen, paper) >= (theme == 0 ? 1.29 : 1.4), "\(name)")
      #expect(contrast(try #require(colours["--soft"]), seen) >= 4.5, "\(name)")
    }
  }

  /// One meaning a colour: what is lost, worse and warned of, the benchmark and each line differ in
  /// hue or lightness by more than an eye can overlook.
  @Test(arguments: [0, 1])
  func coloursHaveOneMeaning(theme: Int) throws {
    let colours = colours(theme: theme)
    let names = ["loss", "bad", "warn", "bench", "s1", "s2", "s3", "s4", "s5", "s6"]
    for (i, name) in names.enumerated() {
      for other in names.dropFirst(i + 1) {
        let (a, b) = (try #require(colours["--" + name]), try #require(colours["--" + other]))
        let distance = (0..<3).reduce(0) { $0 + (a[$1] - b[$1]) * (a[$1] - b[$1]) }.squareRoot()
        #expect(distance >= 45, "\(name) and \(other): \(distance)")
      }
    }
  }

  @Test func everyVariableAndBraceIsDefined() {
    let defined = Set(
      css.components(after: "--").compactMap { part -> String? in
        let name = part.prefix { $0.isLetter || $0.isNumber }
        return part.dropFirst(name.count).first == ":" ? String(name) : nil
      })
    for part in css.components(after: "var(--") {
      let name = String(part.prefix { $0.isLetter || $0.isNumber })
      let given = ["y", "h", "n", "q", "r", "w", "m"]
      #expect(defined.contains(name) || given.contains(name), "\(name)")
    }
    #expect(css.count { $0 == "{" } == css.count { $0 == "}" })
  }
}

extension String {
  /// What follows each occurrence of a text.
  fileprivate func components(after mark: String) -> [Substring] {
    ranges(of: mark).map { self[$0.upperBound...] }
  }
}
