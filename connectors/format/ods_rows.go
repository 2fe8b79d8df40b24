package format

// parse reads rows (OpenDocument 1.3 part 3, 9.1.3 and 9.1.4). What groups rows is
// passed over.
func (s *odsSheet) parse(p bookPiece, v rowVisitor) error {
	x, err := scanText(p.bytes)
	if err != nil {
		return err
	}
	line, c := p.line, &odsCell{}
	for {
		ok, err := x.next()
		if err != nil || !ok {
			return err
		}
		if x.kind != tokenStart {
			continue
		}
		switch string(x.name) {
		case "table-row":
		case "table-row-group", "table-header-rows", "table-rows":
			continue
		default: // columns, shapes, forms: nothing of rows
			if err := x.skip(); err != nil {
				return err
			}
			continue
		}
		n, err := repeated(&x, "table:number-rows-repeated", odsInline)
		if err != nil {
			return err
		}
		if p.times > 0 {
			n = p.times
		}
		start := x
		for range n {
			x = start
			if err := c.row(&x, line, v); err != nil {
				return err
			}
			line++
		}
	}
}

// odsCell is a cell being read.
type odsCell struct {
	text []byte
	any  bool // it has a text, maybe an empty one
}

// row reads the cells of a row up to its end.
func (c *odsCell) row(x *bookScan, line int64, v rowVisitor) error {
	last, col := v.row(line), 1
	wanted := last > 0
	if x.empty {
		if wanted {
			v.end()
		}
		return nil
	}
	for {
		err := x.more()
		switch {
		case err != nil:
			return err
		case x.kind == tokenEnd:
			if string(x.name) != "table-row" {
				return errBookXML
			}
			if wanted {
				v.end()
			}
			return nil
		case x.kind == tokenText:
			continue
		}
		if name := string(x.name); !wanted || name != "table-cell" && name != "covered-table-cell" {
			if err := x.skip(); err != nil {
				return err
			}
			continue
		}
		if col, err = c.cell(x, col, last, v); err != nil {
			return err
		}
	}
}

// cell reads a cell, gives it as often as it says, and gives the next column.
func (c *odsCell) cell(x *bookScan, col, last int, v rowVisitor) (int, error) {
	n, err := repeated(x, "table:number-columns-repeated", bookColumns)
	if err != nil {
		return col, err
	}
	if m, ok := v.(*odsMerges); ok && string(x.name) == "table-cell" {
		cols, err1 := repeated(x, "table:number-columns-spanned", bookColumns)
		rows, err2 := repeated(x, "table:number-rows-spanned", bookRows)
		if err1 != nil || err2 != nil {
			return col, errBookXML
		}
		if cols > 1 || rows > 1 {
			m.span(col, cols, rows)
		}
	}
	covered := string(x.name) == "covered-table-cell"
	start := *x
	if err := c.read(x); err != nil {
		return col, err
	}
	next := col + int(n)
	if covered {
		return next, nil // what lies under a merged cell is not shown
	}
	kind, text, lost, err := c.value(&start)
	if err != nil || kind == cellAbsent && !lost {
		return next, err
	}
	for ; col < next && col <= last+1; col++ {
		if err := v.cell(col, kind, text, lost); err != nil {
			return next, err
		}
	}
	return next, nil
}

// value is what a cell holds (OpenDocument 1.3 part 3, 19.387).
func (c *odsCell) value(x *bookScan) (kind cellKind, text []byte, lost bool, err error) {
	t, typed := x.attr("office:value-type")
	if c, ok := x.attr("calcext:value-type"); ok && string(c) == "error" {
		t = []byte("error")
	}
	_, formula := x.attr("table:formula")
	named := func(attr string) ([]byte, bool, error) {
		b, ok := x.attr(attr)
		if !ok {
			return nil, false, nil
		}
		b, err := unescape(nil, b)
		return b, true, err
	}
	switch string(t) {
	case "":
		switch {
		case formula && !typed:
			return cellAbsent, nil, true, nil
		case !c.any:
			return cellAbsent, nil, false, nil
		}
		return cellText, c.text, false, nil
	case "error":
		return cellFault, c.text, false, nil
	case "string":
		if b, ok, err := named("office:string-value"); ok {
			return cellText, b, false, err
		}
		return cellText, c.text, false, nil
	case "float", "percentage", "currency":
		b, ok, err := named("office:value")
		if err != nil || !ok || !isNumber(b) {
			return 0, nil, false, bookWhy("a number is not one")
		}
		return cellFloat, b, false, nil
	case "date":
		b, ok, err := named("office:date-value")
		if err != nil || !ok {
			return 0, nil, false, bookWhy("a day is not one")
		}
		return cellISO, b, false, nil
	case "time":
		b, ok, err := named("office:time-value")
		if err != nil || !ok {
			return 0, nil, false, bookWhy("a time is not one")
		}
		return cellText, b, false, nil
	case "boolean":
		b, ok, err := named("office:boolean-value")
		if err != nil || !ok || string(b) != "true" && string(b) != "false" {
			return 0, nil, false, bookWhy("a truth is not one")
		}
		return cellBool, b, false, nil
	}
	return 0, nil, false, bookWhy("a cell is of an unknown kind")
}

// read collects the text of a cell up to its end: its paragraphs, one a line.
func (c *odsCell) read(x *bookScan) error {
	c.text, c.any = c.text[:0], false
	if x.empty {
		return nil
	}
	for {
		err := x.more()
		switch {
		case err != nil:
			return err
		case x.kind == tokenEnd:
			return nil // of the cell: all else that starts is read to its end
		case x.kind == tokenText:
			continue
		case string(x.name) != "p" && string(x.name) != "h":
			if err := x.skip(); err != nil { // notes, shapes
				return err
			}
			continue
		}
		if c.any {
			c.text = append(c.text, '\n')
		}
		c.any = true
		if err := c.paragraph(x); err != nil {
			return err
		}
	}
}

// paragraph appends a paragraph up to its end. By OpenDocument 1.3 part 3, 6.1.2,
// spaces that follow each other are one, and none is at the end; but LibreOffice
// writes them so where a format changes or a text ends, and reads all of them.
func (c *odsCell) paragraph(x *bookScan) error {
	if x.empty {
		return nil
	}
	for depth := 1; depth > 0; {
		err := x.more()
		switch {
		case err != nil:
			return err
		case x.kind == tokenEnd:
			depth--
		case x.kind == tokenText:
			at := len(c.text)
			if c.text, err = x.appendTo(c.text); err != nil {
				return err
			}
			for i, b := range c.text[at:] {
				if b == '\t' || b == '\n' || b == '\r' {
					c.text[at+i] = ' '
				}
			}
		default:
			if err := c.inline(x, &depth); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *odsCell) inline(x *bookScan, depth *int) error {
	switch string(x.name) {
	case "s":
		n, err := repeated(x, "text:c", 1<<15)
		if err != nil {
			return err
		}
		if len(c.text)+int(n) > batchBytes {
			return bookWhy("a row is too large")
		}
		for range n {
			c.text = append(c.text, ' ')
		}
		return x.skip()
	case "tab":
		c.text = append(c.text, '\t')
		return x.skip()
	case "line-break":
		c.text = append(c.text, '\n')
		return x.skip()
	case "annotation", "note", "ruby-text":
		return x.skip()
	}
	if !x.empty {
		*depth++
	}
	return nil
}
