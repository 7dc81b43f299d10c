//! A writer of SVG: a handful of shapes, every text escaped, every number with one decimal.

use std::fmt::Write as _;

/// The size of ordinary text, in pixels.
pub(super) const TEXT: f64 = 12.0;

/// Colours and fonts of all pictures. Dark on light everywhere, on a ground of its own: a dark page changes nothing.
/// Every pair of text and ground has a contrast of 4.5 or more (WCAG 2.2, 1.4.3).
const STYLE: &str = "\
text{font-family:'DejaVu Sans',Verdana,Arial,sans-serif;font-size:12px;fill:#1b1f24}\
.h{font-size:18px;font-weight:bold}.s{font-size:11px;fill:#4a525c}.b{font-weight:bold}.e{text-anchor:end}.m{text-anchor:middle}\
.w{fill:#fff}.ground{fill:#fff}.stripe{fill:#f4f6f8}.grid{stroke:#d5dae0}.axis{stroke:#7a838e}.soft{fill:#dde7f3}\
.task{fill:#2f6fb0}.crit{fill:#b3261e}.done{fill:#66707c}.slack{stroke:#7a838e;stroke-width:2}\
.phase{fill:#dfe3ee}.mile{fill:#6b3fa0}.event{fill:#fbe7b5}.due{stroke:#b3261e;stroke-width:1.5;stroke-dasharray:5 3}\
.link{stroke:#b3261e;fill:none}.may{fill:#e3e8ee;stroke:#7a838e}.green{fill:#2e7d4f}.amber{fill:#a66400}.red{fill:#b3261e}\
.box{stroke:#4a525c}";

/// A picture under construction.
pub(super) struct Svg {
    out: String,
}

impl Svg {
    /// An empty picture with a name and a description for those who cannot see it.
    pub(super) fn new(width: f64, height: f64, title: &str, description: &str) -> Self {
        let mut out = String::new();
        let (wide, high) = (number(width), number(height));
        put(
            &mut out,
            format_args!(
                "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{wide}\" height=\"{high}\" viewBox=\"0 0 {wide} {high}\" role=\"img\" aria-labelledby=\"title desc\">\n\
                 <title id=\"title\">{}</title>\n<desc id=\"desc\">{}</desc>\n<style>{STYLE}</style>\n",
                escape(title),
                escape(description)
            ),
        );
        let mut svg = Self { out };
        svg.rect([0.0, 0.0, width, height], "ground", "");
        svg
    }

    /// A rectangle: left, top, width, height. What it stands for is shown when it is pointed at.
    pub(super) fn rect(&mut self, [x, y, wide, high]: [f64; 4], class: &str, tip: &str) {
        let [x, y, wide, high] = [x, y, wide, high].map(number);
        let shape = format!("<rect x=\"{x}\" y=\"{y}\" width=\"{wide}\" height=\"{high}\"");
        self.shape(&format!("{shape} class=\"{class}\""), "rect", tip);
    }

    /// A rectangle of a colour of its own.
    pub(super) fn filled(&mut self, [x, y, wide, high]: [f64; 4], fill: &str, tip: &str) {
        let [x, y, wide, high] = [x, y, wide, high].map(number);
        let shape = format!("<rect x=\"{x}\" y=\"{y}\" width=\"{wide}\" height=\"{high}\"");
        self.shape(&format!("{shape} class=\"box\" fill=\"{fill}\""), "rect", tip);
    }

    /// A line from one point to another.
    pub(super) fn line(&mut self, from: (f64, f64), to: (f64, f64), class: &str) {
        let [x1, y1, x2, y2] = [from.0, from.1, to.0, to.1].map(number);
        let line = format!("<line x1=\"{x1}\" y1=\"{y1}\" x2=\"{x2}\" y2=\"{y2}\"");
        self.shape(&format!("{line} class=\"{class}\""), "line", "");
    }

    /// A line through points.
    pub(super) fn polyline(&mut self, points: &[(f64, f64)], class: &str) {
        let points = points.iter().map(|(x, y)| format!("{},{}", number(*x), number(*y)));
        let points = points.collect::<Vec<_>>().join(" ");
        self.shape(&format!("<polyline points=\"{points}\" class=\"{class}\""), "polyline", "");
    }

    /// A diamond around a point.
    pub(super) fn diamond(&mut self, (x, y): (f64, f64), radius: f64, class: &str, tip: &str) {
        let corners = [(x, y - radius), (x + radius, y), (x, y + radius), (x - radius, y)];
        let points = corners.iter().map(|(x, y)| format!("{},{}", number(*x), number(*y)));
        let points = points.collect::<Vec<_>>().join(" ");
        self.shape(&format!("<polygon points=\"{points}\" class=\"{class}\""), "polygon", tip);
    }

    /// A text on its base line.
    pub(super) fn text(&mut self, (x, y): (f64, f64), class: &str, text: &str) {
        let (x, y, text) = (number(x), number(y), escape(text));
        let class = if class.is_empty() { String::new() } else { format!(" class=\"{class}\"") };
        put(&mut self.out, format_args!("<text x=\"{x}\" y=\"{y}\"{class}>{text}</text>\n"));
    }

    /// The whole text.
    pub(super) fn finish(mut self) -> String {
        self.out.push_str("</svg>\n");
        self.out
    }

    fn shape(&mut self, open: &str, name: &str, tip: &str) {
        if tip.is_empty() {
            put(&mut self.out, format_args!("{open}/>\n"));
        } else {
            let tip = escape(tip);
            put(&mut self.out, format_args!("{open}><title>{tip}</title></{name}>\n"));
        }
    }
}

fn put(out: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing into a String cannot fail.
    out.write_fmt(text).unwrap_or_default();
}

fn number(value: f64) -> String {
    let shown = format!("{value:.1}");
    let shown = shown.strip_suffix(".0").unwrap_or(&shown);
    if shown == "-0" { "0".to_owned() } else { shown.to_owned() }
}

/// What XML allows, with its five characters of meaning replaced; what it does not allow becomes a space.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\u{fffe}' | '\u{ffff}' => out.push(' '),
            control if control.is_control() => out.push(' '),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    #[test]
    fn no_text_becomes_markup() {
        let escaped = super::escape("<script>\"R&D\"\u{0}\n'</script>");
        assert_eq!(escaped, "&lt;script&gt;&quot;R&amp;D&quot;  &#39;&lt;/script&gt;");
    }
}
