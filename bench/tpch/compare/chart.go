package compare

import (
	"fmt"
	"html"
	"math"
	"strings"
)

// The chart's measures, in pixels.
const (
	chartWidth   = 900.0
	chartHeight  = 420.0
	chartLeft    = 58.0
	chartRight   = 14.0
	chartTop     = 84.0
	chartBottom  = 34.0
	groupPadding = 5.0
)

// colors are for the peers in their order; they differ for colour-blind eyes, too (Okabe and Ito 2008).
var colors = []string{"#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00"}

// chart draws bars that stand on the line of OxiDB's time, up where a peer takes longer, down where it
// is faster, on a logarithmic axis.
type chart struct {
	strings.Builder
	low, high float64 // logarithms of the axis's ends
}

// Chart is the report as an SVG picture.
func (r *Report) Chart() string {
	c := &chart{}
	c.scale(r)
	fmt.Fprintf(c, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %g %g" width="%g" height="%g" font-family="Helvetica, Arial, sans-serif" font-size="12" fill="#222">`+"\n",
		chartWidth, chartHeight, chartWidth, chartHeight)
	fmt.Fprintf(c, `<rect width="%g" height="%g" fill="#fff"/>`+"\n", chartWidth, chartHeight)
	c.text(chartLeft, 24, "start", 16, "bold", r.title())
	c.text(chartLeft, 43, "start", 12, "normal", fmt.Sprintf("Time of a query divided by OxiDB's: above the line slower than OxiDB, below it faster (logarithmic; %d threads, medians of %d rounds)", r.Threads, r.Rounds))
	c.legend(r)
	c.axis()
	c.bars(r)
	fmt.Fprintf(c, `<line x1="%g" y1="%.1f" x2="%g" y2="%.1f" stroke="#222" stroke-width="1.5"/>`+"\n", chartLeft, c.y(1), chartWidth-chartRight, c.y(1))
	c.WriteString("</svg>\n")
	return c.String()
}

// scale chooses the axis: all ratios and OxiDB's line, with some room.
func (c *chart) scale(r *Report) {
	low, high := 0.5, 4.0
	for _, q := range r.Queries {
		for _, t := range q.Times {
			if t.Ratio > 0 {
				low, high = min(low, 1/t.Ratio), max(high, 1/t.Ratio)
			}
		}
	}
	c.low, c.high = math.Log(low)-0.08, math.Log(high)+0.12
}

// y is where a ratio is drawn.
func (c *chart) y(ratio float64) float64 {
	return chartTop + (c.high-math.Log(ratio))/(c.high-c.low)*(chartHeight-chartTop-chartBottom)
}

func (c *chart) text(x, y float64, anchor string, size int, weight, text string) {
	fmt.Fprintf(c, `<text x="%.1f" y="%.1f" text-anchor="%s" font-size="%d" font-weight="%s">%s</text>`+"\n", x, y, anchor, size, weight, html.EscapeString(text))
}

// legend names the peers with their geometric means.
func (c *chart) legend(r *Report) {
	column := (chartWidth - chartLeft - chartRight) / float64(max(len(r.Summaries), 4))
	for i, s := range r.Summaries {
		x := chartLeft + float64(i)*column
		name := fmt.Sprintf("%s %s", s.Peer, r.version(s.Peer))
		if s.Queries > 0 {
			name += fmt.Sprintf(": mean %.2g×", 1/s.Geomean)
		}
		fmt.Fprintf(c, `<rect x="%.1f" y="57" width="11" height="11" fill="%s"/>`+"\n", x, colors[i%len(colors)])
		c.text(x+16, 67, "start", 12, "normal", name)
	}
}

func (r *Report) version(engine string) string {
	for _, e := range r.Engines {
		if e.Name == engine {
			return e.Version
		}
	}
	return ""
}

// axis draws the lines of 1, 2, 5, 10, 20 …
func (c *chart) axis() {
	for exponent := -3; exponent <= 5; exponent++ {
		for _, digit := range []float64{1, 2, 5} {
			v := digit * math.Pow(10, float64(exponent))
			if l := math.Log(v); l < c.low || l > c.high {
				continue
			}
			fmt.Fprintf(c, `<line x1="%g" y1="%.1f" x2="%g" y2="%.1f" stroke="#ddd"/>`+"\n", chartLeft, c.y(v), chartWidth-chartRight, c.y(v))
			label := fmt.Sprintf("%g×", v)
			if v == 1 {
				label = "OxiDB"
			}
			c.text(chartLeft-6, c.y(v)+4, "end", 12, "normal", label)
		}
	}
}

// bars draws a group for each query and one for the geometric means.
func (c *chart) bars(r *Report) {
	groups := len(r.Queries) + 1
	width := (chartWidth - chartLeft - chartRight) / float64(groups)
	bar := min((width-2*groupPadding)/float64(max(len(r.Summaries), 1)), 22)
	start := (width - bar*float64(len(r.Summaries))) / 2
	for g := range groups {
		left := chartLeft + float64(g)*width
		label, weight := "mean", "bold"
		if g < len(r.Queries) {
			label, weight = fmt.Sprintf("Q%d", r.Queries[g].Query), "normal"
		} else {
			fmt.Fprintf(c, `<rect x="%.1f" y="%g" width="%.1f" height="%g" fill="#000" fill-opacity="0.05"/>`+"\n", left, chartTop, width, chartHeight-chartTop-chartBottom)
		}
		c.text(left+width/2, chartHeight-chartBottom+18, "middle", 12, weight, label)
		for i, s := range r.Summaries {
			ratio := s.Geomean
			if g < len(r.Queries) {
				ratio = r.Queries[g].Times[i+1].Ratio
			}
			c.bar(left+start+float64(i)*bar, bar, ratio, colors[i%len(colors)], label+" "+s.Peer)
		}
	}
}

// bar draws one, a cross where there is no figure.
func (c *chart) bar(x, width, ratio float64, color, what string) {
	if ratio == 0 {
		fmt.Fprintf(c, `<text x="%.1f" y="%.1f" text-anchor="middle" font-size="12" fill="%s"><title>%s: no right answer</title>×</text>`+"\n", x+width/2, c.y(1)-3, color, html.EscapeString(what))
		return
	}
	top, bottom := c.y(1/ratio), c.y(1)
	if top > bottom {
		top, bottom = bottom, top
	}
	fmt.Fprintf(c, `<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" fill="%s"><title>%s: %.2f times OxiDB's time</title></rect>`+"\n",
		x, top, width-0.6, bottom-top, color, html.EscapeString(what), 1/ratio)
}
