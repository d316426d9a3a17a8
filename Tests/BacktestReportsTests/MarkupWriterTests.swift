@testable import BacktestReports
import Testing

struct MarkupWriterTests {
  private func escaped(_ text: String) -> String {
    var writer = MarkupWriter()
    writer.text(text)
    return String(decoding: writer.bytes, as: UTF8.self)
  }

  @Test(arguments: [
    ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
    ("\"'&amp;", "&quot;&#39;&amp;amp;"),
    ("a\u{0}b\u{1B}c\u{7F}d", "a\u{FFFD}b\u{FFFD}c\u{FFFD}d"),
    ("C1 \u{85}\u{9F}\u{A0}", "C1 \u{FFFD}\u{FFFD}\u{A0}"),
    ("\u{FFFE}\u{FFFF}\u{FFFD}\u{FFFC}", "\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFC}"),
    ("👩‍🚀 é 中 \u{10FFFF}", "👩‍🚀 é 中 \u{10FFFF}"), ("tab\tline\n", "tab\tline\n"), ("", ""),
  ])
  func hostileTextIsHarmless(text: String, expected: String) { #expect(escaped(text) == expected) }

  @Test func elementsCloseAndAttributesAreEscaped() throws {
    var writer = MarkupWriter()
    writer.element("p", ["title": "\" onclick=\"x", "class": "<a>"]) { writer in
      writer.emptyElement("br")
      writer.element("b", text: "1 < 2")
    }
    #expect(
      String(decoding: writer.bytes, as: UTF8.self)
        == "<p title=\"&quot; onclick=&quot;x\" class=\"&lt;a&gt;\"><br/><b>1 &lt; 2</b></p>")
  }

  @Test(arguments: [
    "<p>", "<p></b>", "<p a=b></p>", "a & b", "<p a=\"1\" a=\"2\"></p>", "1 > 0", "</p>",
  ])
  func theCheckerSeesFaults(markup: String) {
    #expect(throws: MarkupChecker.Fault.self) { try MarkupChecker(Array(markup.utf8)) }
  }
}
