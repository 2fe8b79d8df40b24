package format

import (
	"cmp"
	"encoding/binary"
	"slices"

	"github.com/lavoir-data/lavoir/internal/arrowx"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// join gives rows of the table, those that are kept, their geometries.
func (s *shapeChunks) join(b pipelines.Batch, g *geometries, kept []int32, lines []int64) (pipelines.Batch, error) {
	rec := b.Record
	numbers := make([]int, len(kept))
	for i, row := range kept {
		numbers[i] = int(row)
	}
	if len(kept) < int(rec.NumRows()) {
		var err error
		rec, err = arrowx.TakeRecord(s.env.Allocator, rec, kept)
		b.Record.Release()
		if err != nil {
			return pipelines.Batch{}, err
		}
		slices.SortStableFunc(b.Rejects, func(a, b pipelines.Reject) int { return cmp.Compare(a.Line, b.Line) })
	}
	b.Record = s.config.add(s.env.Allocator, rec, s.schema, g, func(i int) int { return numbers[i] })
	b.Places.Lines = lines
	return b, nil
}

// read makes a geometry of a shape. A null shape makes none.
func (g rawShape) read() {
	kind := binary.LittleEndian.Uint32(g.b)
	switch {
	case kind == shapeNull && len(g.b) == 4:
		return
	case kind != g.kind:
		g.wrong("it is of another type than the file")
		return
	case kind > shapeWithZ && !g.drop:
		g.refuse(messages.GeoAltitude.With())
		return
	}
	const size = "it is not as long as its positions"
	switch kind % 10 {
	case shapePoint:
		if !slices.Contains([]int{20, 28, 36}, len(g.b)) || kind == shapePoint && len(g.b) != 20 {
			g.wrong(size)
			return
		}
		g.point(0, 4)
	case shapePoints:
		if len(g.b) < 40 {
			g.wrong(size)
			return
		}
		n := int64(binary.LittleEndian.Uint32(g.b[36:]))
		if !g.fits(40, n) {
			g.wrong(size)
			return
		}
		g.head(wkbPoints, int(n))
		for i := range int(n) {
			g.point(i, 40)
		}
	default:
		g.parts(kind%10 == shapePolygon)
	}
}

// fits says whether n positions that begin at start, their heights and measures
// are what the shape has.
func (g rawShape) fits(start, n int64) bool {
	plain, more := start+16*n, 16+8*n
	rest := int64(len(g.b)) - plain
	switch {
	case g.kind < shapeWithZ:
		return rest == 0
	case g.kind > shapeWithM:
		return rest == 0 || rest == more
	}
	return rest == more || rest == 2*more
}

// point adds position i of those that begin at start, as a point.
func (g rawShape) point(i, start int) {
	g.head(wkbPoint, 1)
	g.position(g.double(start+16*i), g.double(start+16*i+8))
}

// parts reads lines, or the rings of polygons.
func (g rawShape) parts(rings bool) {
	if len(g.b) < 44 {
		g.wrong("it is not as long as its positions")
		return
	}
	parts, n := int64(binary.LittleEndian.Uint32(g.b[36:])), int64(binary.LittleEndian.Uint32(g.b[40:]))
	start := 44 + 4*parts
	if start > int64(len(g.b)) || !g.fits(start, n) {
		g.wrong("it is not as long as its positions")
		return
	}
	if parts == 0 || n == 0 {
		g.wrong("it has no parts")
		return
	}
	ends := make([]int, parts+1)
	for i := range ends {
		if ends[i] = int(n); i < int(parts) {
			ends[i] = int(binary.LittleEndian.Uint32(g.b[44+4*i:]))
		}
		if i == 0 && ends[0] != 0 || i > 0 && ends[i] <= ends[i-1] || ends[i] > int(n) {
			g.wrong("its parts contradict its positions")
			return
		}
	}
	if rings {
		g.polygons(int(start), ends)
		return
	}
	if len(ends) > 2 {
		g.head(wkbLines, int(parts))
	}
	for i := range ends[1:] {
		if ends[i+1]-ends[i] < 2 {
			g.wrong("a line has fewer than two positions")
			return
		}
		g.head(wkbLine, ends[i+1]-ends[i])
		g.positions(int(start), ends[i], ends[i+1])
	}
}

func (g rawShape) positions(start, from, to int) {
	for i := from; i < to; i++ {
		g.position(g.double(start+16*i), g.double(start+16*i+8))
	}
}

// ring is where the positions of one stand.
type ring struct {
	from, to int
	area     float64 // twice; negative where it turns as clocks do
	box      [4]float64
	holes    []int
	outer    bool
}

// polygons finds which rings are holes of which: outer ones turn as clocks do, and
// holes, the other way, lie within one. A single ring is outer whichever way it turns.
func (g rawShape) polygons(start int, ends []int) {
	rings := make([]ring, len(ends)-1)
	outer := 0
	x := func(i int) float64 { return g.double(start + 16*i) }
	y := func(i int) float64 { return g.double(start + 16*i + 8) }
	for i := range rings {
		r := &rings[i]
		r.from, r.to = ends[i], ends[i+1]
		last := r.to - 1
		if r.to-r.from < 4 || x(r.from) != x(last) || y(r.from) != y(last) {
			g.wrong("a ring has fewer than four positions, or does not end where it begins")
			return
		}
		r.box = [4]float64{x(last), y(last), x(last), y(last)}
		x0, y0 := x(last), y(last) // near, so that the products keep their digits
		for k := r.from; k < last; k++ {
			ax, ay, bx, by := x(k)-x0, y(k)-y0, x(k+1)-x0, y(k+1)-y0
			r.area += float64(ax*by) - float64(bx*ay)
			r.box[0], r.box[1], r.box[2], r.box[3] = min(r.box[0], x(k)), min(r.box[1], y(k)), max(r.box[2], x(k)), max(r.box[3], y(k))
		}
		if r.outer = r.area < 0 || len(rings) == 1; r.outer {
			outer++
		}
		if r.area == 0 && len(rings) > 1 {
			g.wrong("a ring has no area, and nothing tells whether it is a hole")
			return
		}
	}
	for i := range rings {
		if rings[i].outer {
			continue
		}
		in := -1
		for k := range rings {
			o := &rings[k]
			if o.outer && o.box[0] <= rings[i].box[0] && o.box[1] <= rings[i].box[1] && o.box[2] >= rings[i].box[2] && o.box[3] >= rings[i].box[3] &&
				(in < 0 || -o.area < -rings[in].area) && encloses(x, y, *o, rings[i]) {
				in = k
			}
		}
		if in < 0 {
			g.wrong("a hole lies in no ring")
			return
		}
		rings[in].holes = append(rings[in].holes, i)
	}
	if outer > 1 {
		g.head(wkbPolygons, outer)
	}
	for i := range rings {
		if !rings[i].outer {
			continue
		}
		g.head(wkbPolygon, 1+len(rings[i].holes))
		for _, k := range append([]int{i}, rings[i].holes...) {
			g.count(rings[k].to - rings[k].from)
			g.positions(start, rings[k].from, rings[k].to)
		}
	}
}

// encloses says whether the first of the hole's positions that is not on the ring
// itself lies within it. Where all are on it, the middle of a side tells.
func encloses(x, y func(int) float64, o, hole ring) bool {
	for k := hole.from; k < hole.to-1; k++ {
		if where := side(x, y, o, x(k), y(k)); where != 0 {
			return where > 0
		}
	}
	for k := hole.from; k < hole.to-1; k++ {
		if where := side(x, y, o, (x(k)+x(k+1))/2, (y(k)+y(k+1))/2); where != 0 {
			return where > 0
		}
	}
	return true
}

// side is 1 for a position within the ring, 0 on it, -1 outside: how often a ray
// to the east crosses it.
func side(x, y func(int) float64, r ring, px, py float64) int {
	within := -1
	for k := r.from; k < r.to-1; k++ {
		ax, ay, bx, by := x(k), y(k), x(k+1), y(k+1)
		cross := float64((bx-ax)*(py-ay)) - float64((px-ax)*(by-ay))
		if cross == 0 && px >= min(ax, bx) && px <= max(ax, bx) && py >= min(ay, by) && py <= max(ay, by) {
			return 0
		}
		if (ay > py) != (by > py) && (cross > 0) == (by > ay) {
			within = -within
		}
	}
	return within
}
