package corpus

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// party is somebody who sends or receives: a colleague, or one outside.
type party struct {
	Person
	box int // the mailbox, or -1
	lex *lexicon
}

func (p *party) address() Address { return Address{Name: p.Name, Address: p.Address} }

// hire makes the colleagues: a few languages more spoken than others, each with a name and an address of their own.
func hire(r *rand.Rand, n int, domain string, lexicons []*lexicon) []*party {
	taken := map[string]bool{}
	people := make([]*party, n)
	for i := range people {
		lex := lexicons[i%len(lexicons)]
		if chance(r, 40) {
			lex = lexicons[0] // the company's own language
		}
		name := lex.personName(r)
		local := localPart(name)
		if local == "" {
			local = fmt.Sprintf("u%04d", i)
		}
		for n := 2; taken[local]; n++ {
			local = fmt.Sprintf("%s%d", strings.TrimRight(local, "0123456789"), n)
		}
		taken[local] = true
		people[i] = &party{Person: Person{Name: name, Address: local + "@" + domain, Language: lex.code}, box: i, lex: lex}
	}
	return people
}

func (l *lexicon) personName(r *rand.Rand) string {
	first, last := pick(r, l.first), pick(r, l.last)
	if l.joined {
		return last + " " + first
	}
	return first + " " + last
}

// outsiders are customers, suppliers and newsletters, some with addresses that are allowed and still surprise.
func outsiders(r *rand.Rand, n int, lexicons []*lexicon) []*party {
	people := make([]*party, n)
	for i := range people {
		lex := pick(r, lexicons)
		name := lex.personName(r)
		local := localPart(name)
		if local == "" {
			local = fmt.Sprintf("contact%d", i)
		}
		address := fmt.Sprintf("%s@customer%d.example", local, r.IntN(n))
		switch i % 12 {
		case 1:
			address = fmt.Sprintf("%s+orders=%d@supplier.example", local, i)
		case 2:
			address = fmt.Sprintf(`"%s, %d"@legacy.example`, local, i)
		case 3:
			address = fmt.Sprintf("%s@bücher%d.example", local, i)
		case 4:
			name = ""
		case 5:
			name = fmt.Sprintf(`%s (%s) "Sales", %d <VIP>`, name, lex.nouns[0], i)
		case 6:
			address = fmt.Sprintf("bounce-%d_{%s}!#$%%&'*/=?^`|~@lists.example", i, local)
		case 7:
			name = "🚚 " + name + " ☎"
		case 8:
			name = strings.ToLower(address)
		}
		people[i] = &party{Person: Person{Name: name, Address: address, Language: lex.code}, box: -1, lex: lex}
	}
	return people
}

// localPart makes "first.last" of a name in Latin letters; of others, nothing.
func localPart(name string) string {
	name = strings.NewReplacer("ß", "ss", "ł", "l", "Ł", "L", "ı", "i", "ø", "o", " ", ".").Replace(name)
	var b strings.Builder
	for _, c := range strings.ToLower(norm.NFD.String(name)) {
		switch {
		case c >= 'a' && c <= 'z', c == '.', c == '-', c == '\'':
			b.WriteRune(c)
		case c >= 0x300 && c < 0x370: // an accent
		default:
			return ""
		}
	}
	return b.String()
}
