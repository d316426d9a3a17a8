import BacktestCore
import BacktestFiles

/// The one script of an interactive report: values under the pointer, lines that can be hidden, a
/// range of time to look at closely, and tables that can be sorted. Without it everything essential
/// is still there.
enum ReportScript {
  /// The source. It changes the look of what is there, and adds no text but that of the page.
  static let source: StaticString = #"""
    (() => {
    const draw = () => document.documentElement.classList.add('drawn')
    addEventListener('load', () => setTimeout(draw, 100))
    const all = (root, what) => [...root.querySelectorAll(what)]
    const press = (e, act) => {
      e.tabIndex = 0
      e.onclick = act
      e.onkeydown = k => { if (k.key === 'Enter' || k.key === ' ') { k.preventDefault(); act() } }
    }
    const number = text => {
      const plain = text.replace(/,/g, '').replace('\u2212', '-')
      const found = plain.match(/^[-+]?\d+(\.\d+)?(?=$|[ %kMBT])/)
      return found ? parseFloat(found[0]) : null
    }
    const compare = (a, b) => {
      const x = number(a), y = number(b)
      if (x !== null && y !== null) return x - y
      return (x === null) - (y === null) || a.localeCompare(b)
    }
    for (const table of all(document, '.scroll table')) {
      const heads = all(table, 'thead th')
      heads.forEach((head, column) => press(head, () => {
        const down = head.getAttribute('aria-sort') === 'ascending'
        heads.forEach(h => h.removeAttribute('aria-sort'))
        head.setAttribute('aria-sort', down ? 'descending' : 'ascending')
        const body = table.tBodies[0], text = row => row.cells[column].textContent.trim()
        const rows = [...body.rows].sort((a, b) => compare(text(a), text(b)))
        if (down) rows.reverse()
        body.append(...rows)
      }))
    }
    const tip = document.createElement('div')
    tip.className = 'tip'
    tip.hidden = true
    document.body.append(tip)
    for (const figure of all(document, 'figure.chart')) {
      const svg = figure.querySelector('svg'), area = figure.querySelector('.area')
      for (const item of all(figure, '.legend li')) {
        const colour = [...item.firstChild.classList].pop()
        // A line that other charts draw again is hidden by an element around it, which they lack.
        const marks = all(svg, '.' + colour).map(m => {
          if (!m.id) return m
          const around = document.createElementNS(svg.namespaceURI, 'g')
          m.replaceWith(around)
          around.append(m)
          return around
        })
        if (!marks.length || item.firstChild.matches('.cell')) continue
        item.setAttribute('role', 'button')
        item.setAttribute('aria-pressed', 'true')
        press(item, () => {
          const hide = item.getAttribute('aria-pressed') === 'true'
          item.setAttribute('aria-pressed', String(!hide))
          marks.forEach(m => { m.style.display = hide ? 'none' : '' })
        })
      }
      const fields = all(svg, '.h path')
      if (fields.length < 3) continue
      const places = fields.map(f => {
        const title = f.querySelector('title'), text = title.textContent
        title.remove()
        const [x, w] = f.getAttribute('d').match(/\d+/g).filter((_, i) => i !== 1).map(Number)
        return { f, text, x, end: x + w }
      })
      const cross = document.createElement('i')
      cross.className = 'cross'
      cross.hidden = true
      area.append(cross)
      let [from, to] = [0, 2000]
      const at = event => {
        const box = svg.getBoundingClientRect()
        const share = Math.min(Math.max((event.clientX - box.left) / box.width, 0), 1)
        return { x: from + share * (to - from) }
      }
      const hideTip = () => { tip.hidden = cross.hidden = true }
      let start = null
      const labels = area.parentElement.querySelector('.xlab'), given = [...labels.childNodes]
      const show = (a, b) => {
        [from, to] = [a, b]
        hideTip()
        svg.setAttribute('viewBox', a + ' 0 ' + (b - a) + ' 1000')
        const whole = b - a === 2000
        svg.style.overflow = whole ? '' : 'hidden'
        all(area.parentElement, '.pointlab,.bandlab,.endlab').forEach(e => { e.hidden = !whole })
        if (whole) return labels.replaceChildren(...given)
        const inside = places.filter(p => p.end >= a && p.end <= b)
        const shown = new Set([0.1, 0.5, 0.9].map(s => inside[Math.floor(s * inside.length)]))
        labels.replaceChildren(...[...shown].filter(p => p).map(place => {
          const span = document.createElement('span')
          span.textContent = place.text.split('\n')[0]
          span.style.left = (place.end - a) / (b - a) * 100 + '%'
          return span
        }))
      }
      svg.addEventListener('pointermove', event => {
        const x = at(event).x, away = p => Math.abs(p.end - x)
        const place = places.filter(p => p.end >= from && p.end <= to)
          .reduce((best, p) => best && away(best) <= away(p) ? best : p, null)
        if (!place) return hideTip()
        cross.style.left = (place.end - from) / (to - from) * 100 + '%'
        tip.textContent = place.text
        tip.hidden = cross.hidden = false
        const width = tip.offsetWidth
        tip.style.left = Math.max(4, Math.min(event.clientX + 14, innerWidth - width - 4)) + 'px'
        tip.style.top = Math.max(4, event.clientY - tip.offsetHeight - 10) + 'px'
      })
      svg.addEventListener('pointerleave', hideTip)
      svg.addEventListener('pointerdown', event => { start = at(event).x })
      addEventListener('pointerup', event => {
        if (start === null) return
        const end = at(event).x, [a, b] = [Math.min(start, end), Math.max(start, end)]
        start = null
        if (b - a > (to - from) / 50) show(Math.round(a), Math.round(b))
      })
      svg.addEventListener('dblclick', () => show(0, 2000))
    }
    })()
    """#

  /// The policy that lets a browser run this script, use the page's own style, and load nothing.
  static let policy: String = {
    var digest = SHA256()
    source.withUTF8Buffer { digest.update(UnsafeRawBufferPointer($0)) }
    let hash = base64(digest.bytes)
    return "default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-\(hash)'; "
      + "base-uri 'none'; form-action 'none'"
  }()

  /// The policy of a page without scripts.
  static let policyWithoutScript =
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"

  /// Bytes in the alphabet of RFC 4648, section 4.
  private static func base64(_ bytes: [UInt8]) -> String {
    let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
    return stride(from: 0, to: bytes.count, by: 3).map { start in
      let part = bytes[start..<min(start + 3, bytes.count)]
      let word = part.reduce(0) { $0 << 8 | Int($1) } << (8 * (3 - part.count))
      return (0..<4).map { place in
        place <= part.count ? String(letters[word >> (18 - 6 * place) & 63]) : "="
      }.joined()
    }.joined()
  }
}
