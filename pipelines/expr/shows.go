package expr

// Asks are those of Columns of which nothing stands in the value, sorted: they are
// looked at in conditions, or choose among constants. What is not known to do no more
// is none of them.
func (p *Program) Asks() []string {
	reached, shown := map[int]bool{}, map[int]bool{}
	var walk func(n *node, shows bool)
	walk = func(n *node, shows bool) {
		if reached[n.slot] && (!shows || shown[n.slot]) {
			return
		}
		reached[n.slot], shown[n.slot] = true, shown[n.slot] || shows
		for _, in := range n.in {
			if in.konst != nil {
				continue
			}
			walk(in, shows && in.t.k != kBool && !n.asks)
		}
	}
	if p.root.konst == nil {
		walk(p.root, true)
	}
	var asks []string
	for _, name := range p.used {
		if slot := p.slot[name]; reached[slot] && !shown[slot] {
			asks = append(asks, name)
		}
	}
	return asks
}
