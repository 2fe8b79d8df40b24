package geodesy

import (
	"math"
	"strconv"
	"strings"
)

// frames are the datums that coordinates are taken from as they are, by their
// names without case and punctuation.
var frames = map[string]bool{
	"wgs1984": true, "wgs84": true, "worldgeodeticsystem1984": true, "worldgeodeticsystem1984ensemble": true,
	"rgf1993": true, "rgf93": true, "reseaugeodesiquefrancais1993": true, "rgf1993v1": true, "rgf93v1": true, "reseaugeodesiquefrancais1993v1": true,
	"rgf1993v2": true, "rgf93v2": true, "reseaugeodesiquefrancais1993v2": true, "rgf1993v2b": true, "rgf93v2b": true, "reseaugeodesiquefrancais1993v2b": true,
	"etrs1989": true, "etrs89": true, "europeanterrestrialreferencesystem1989": true, "europeanterrestrialreferencesystem1989ensemble": true,
	"reseaugeodesiquedesantillesfrancaises2009": true, "rgaf09": true, "rgaf2009": true,
	"reseaudereferencedesantillesfrancaises1991": true, "rraf1991": true,
	"reseaugeodesiquefrancaisguyane1995": true, "rgfg95": true, "rgfg1995": true,
	"reseaugeodesiquedelareunion1992": true, "rgr92": true, "rgr1992": true,
	"reseaugeodesiquedemayotte2004": true, "rgm04": true, "rgm2004": true,
	"reseaugeodesiquedesaintpierreetmiquelon2006": true, "reseaugeodesiquedestpierreetmiquelon2006": true, "rgspm06": true, "rgspm2006": true,
	"reseaugeodesiquedelapolynesiefrancaise": true, "rgpf": true,
	"reseaugeodesiquedenouvellecaledonie9193": true, "reseaugeodesiquedenouvellecaledonie199193": true, "reseaugeodesiquenouvellecaledonie1991": true, "rgnc9193": true, "rgnc199193": true, "rgnc1991": true,
	"reseaugeodesiquedewallisetfutuna1996": true, "rgwf96": true,
	"reseaugeodesiquedesterresaustralesetantarctiquesfrancaises2007": true, "rgtaaf07": true,
}

// node is a keyword of well-known text with what stands in its brackets.
type node struct {
	word string
	text string // the first text in quotes
	nums []float64
	subs []node
}

// depth is how deep brackets may stand in one another.
const depth = 16

type scanner struct {
	s   string
	bad bool
}

func (p *scanner) space() { p.s = strings.TrimLeft(p.s, " \t\r\n") }

// node reads KEYWORD["text", number, NODE[…], …].
func (p *scanner) node(level int) (n node) {
	p.space()
	end := 0
	for end < len(p.s) && (p.s[end] == '_' || p.s[end]|0x20 >= 'a' && p.s[end]|0x20 <= 'z' || end > 0 && p.s[end] >= '0' && p.s[end] <= '9') {
		end++
	}
	n.word, p.s = strings.ToUpper(p.s[:end]), p.s[end:]
	p.space()
	if end == 0 || level == depth {
		p.bad = true
		return n
	}
	if p.s == "" || p.s[0] != '[' && p.s[0] != '(' {
		return n // a bare word, as the direction of an axis
	}
	for first := true; ; first = false {
		p.s = p.s[1:]
		p.space()
		switch {
		case p.s == "":
			p.bad = true
		case p.s[0] == '"':
			end := strings.IndexByte(p.s[1:], '"')
			if end < 0 {
				p.bad = true
				return n
			}
			if first {
				n.text = p.s[1 : 1+end]
			}
			p.s = p.s[end+2:]
		case p.s[0] >= '0' && p.s[0] <= '9' || p.s[0] == '-' || p.s[0] == '+' || p.s[0] == '.':
			end := 1
			for end < len(p.s) && strings.IndexByte("0123456789.eE+-", p.s[end]) >= 0 {
				end++
			}
			v, err := strconv.ParseFloat(p.s[:end], 64)
			p.bad = p.bad || err != nil
			n.nums, p.s = append(n.nums, v), p.s[end:]
		default:
			n.subs = append(n.subs, p.node(level+1))
		}
		p.space()
		if p.bad || p.s == "" || p.s[0] != ',' {
			break
		}
	}
	if p.bad || p.s == "" || p.s[0] != ']' && p.s[0] != ')' {
		p.bad = true
		return n
	}
	p.s = p.s[1:]
	return n
}

func (n node) find(words ...string) (node, bool) {
	for _, s := range n.subs {
		for _, w := range words {
			if s.word == w {
				return s, true
			}
		}
	}
	return node{}, false
}

func (n node) number() (float64, bool) {
	if len(n.nums) == 0 {
		return 0, false
	}
	return n.nums[0], true
}

// folded is a name without case, spaces and punctuation, and without the D_ and
// GCS_ that one vendor puts before.
func folded(name string) string {
	var b strings.Builder
	for _, c := range strings.TrimPrefix(strings.ToLower(name), "d_") {
		switch {
		case c >= 'a' && c <= 'z' || c >= '0' && c <= '9':
			b.WriteRune(c)
		case c == 'é' || c == 'è':
			b.WriteByte('e')
		case c == 'ç':
			b.WriteByte('c')
		}
	}
	return b.String()
}

// ParseWKT reads the well-known text of a .prj file (OGC 01-009, 7, and as Esri
// writes it). why says what it does not know of it, without anything of the text but
// names of systems.
func ParseWKT(text string) (c *CRS, why string) {
	p := &scanner{s: strings.TrimPrefix(text, "\ufeff")}
	n := p.node(0)
	if p.space(); p.bad || p.s != "" && strings.Trim(p.s, "\x00") != "" {
		return nil, "it is not the well-known text of a system"
	}
	var out CRS
	geo := n
	switch n.word {
	case "GEOGCS":
	case "PROJCS":
		var ok bool
		if geo, ok = n.find("GEOGCS"); !ok {
			return nil, "it is not the well-known text of a system"
		}
		if why := out.project(n); why != "" {
			return nil, why
		}
	default:
		return nil, "it is not the well-known text of a system"
	}
	if why := out.frame(geo); why != "" {
		return nil, why
	}
	if c, ok := out.prepared(); ok {
		return c, ""
	}
	return nil, "its parameters make no projection"
}

// frame reads the datum of a geographic system.
func (c *CRS) frame(n node) (why string) {
	datum, ok := n.find("DATUM")
	if !ok {
		return "it names no datum"
	}
	if !frames[folded(datum.text)] {
		return "its datum is " + strconv.Quote(datum.text)
	}
	if shift, ok := datum.find("TOWGS84"); ok {
		for _, v := range shift.nums {
			if v != 0 {
				return "its datum is shifted"
			}
		}
	}
	ellipsoid, ok := datum.find("SPHEROID", "ELLIPSOID")
	if !ok || len(ellipsoid.nums) < 2 {
		return "it names no ellipsoid"
	}
	c.a, c.inverseFlat = ellipsoid.nums[0], ellipsoid.nums[1]
	if c.a != axis || c.inverseFlat < 298.2572 || c.inverseFlat > 298.2573 {
		return "its ellipsoid is another than that of its datum"
	}
	unit := math.Pi / 180
	if u, ok := n.find("UNIT"); ok {
		if unit, ok = u.number(); !ok || unit <= 0 || unit > 1 {
			return "its unit of angles is none"
		}
	}
	if meridian, ok := n.find("PRIMEM"); ok {
		v, _ := meridian.number()
		if v != 0 { // all frames of the list count from Greenwich
			return "its longitudes do not count from Greenwich"
		}
	}
	if math.Abs(unit-math.Pi/180) > 1e-12 {
		if c.kind != geographic {
			return "its unit of angles is not the degree"
		}
		c.unit = unit
	}
	return ""
}

// project reads the projection and its parameters, in degrees and in the unit.
func (c *CRS) project(n node) (why string) {
	projection, ok := n.find("PROJECTION")
	if !ok {
		return "it names no projection"
	}
	unit, _ := n.find("UNIT")
	if c.unit, ok = unit.number(); !ok {
		return "it names no unit of lengths"
	}
	values := map[string]float64{}
	for _, s := range n.subs {
		if s.word == "PARAMETER" {
			v, ok := s.number()
			if !ok {
				return "its parameters make no projection"
			}
			values[folded(s.text)] = v
		}
	}
	known := func(names ...string) (v float64, ok bool) {
		for _, name := range names {
			if v, ok = values[name]; ok {
				delete(values, name)
				return v, true
			}
		}
		return 0, false
	}
	const degree = math.Pi / 180
	falseEast, _ := known("falseeasting")
	falseNorth, _ := known("falsenorthing")
	c.east, c.north = float64(falseEast*c.unit), float64(falseNorth*c.unit)
	lon0, okLon := known("centralmeridian", "longitudeofcenter", "longitudeoforigin")
	lat0, okLat := known("latitudeoforigin", "latitudeofcenter")
	c.lon0, c.lat0 = lon0*degree, lat0*degree
	k0, scaled := known("scalefactor")
	if c.k0 = k0; !scaled {
		c.k0 = 1
	}
	switch folded(projection.text) {
	case "lambertconformalconic", "lambertconformalconic2sp":
		c.kind = conic
		lat1, ok1 := known("standardparallel1")
		lat2, ok2 := known("standardparallel2")
		if !ok1 || !ok2 {
			return "it has not the two parallels of a Lambert projection"
		}
		c.lat1, c.lat2 = lat1*degree, lat2*degree
	case "transversemercator", "gausskruger":
		c.kind = transverse
	default:
		return "its projection is " + strconv.Quote(projection.text)
	}
	if !okLon || !okLat || len(values) > 0 || c.k0 <= 0.5 || c.k0 > 2 {
		return "its parameters make no projection"
	}
	return ""
}
