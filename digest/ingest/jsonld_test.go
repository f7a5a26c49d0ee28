package ingest_test

import (
	"strings"
	"testing"

	"broadsheet/digest"
)

func TestReadPageLinkedDataVariants(t *testing.T) {
	const article = `"@type":"NewsArticle","headline":"Bridge reopens"`
	for name, test := range map[string]struct {
		json string
		get  func(digest.Incoming) string
		want string
	}{
		"Article":                {`{"@type":"Article","headline":"Bridge reopens"}`, title, "Bridge reopens"},
		"ReportageNewsArticle":   {`{"@type":"ReportageNewsArticle","headline":"Bridge reopens"}`, title, "Bridge reopens"},
		"LiveBlogPosting":        {`{"@type":"LiveBlogPosting","headline":"Bridge reopens"}`, title, "Bridge reopens"},
		"BlogPosting":            {`{"@type":"BlogPosting","name":"Bridge reopens"}`, title, "Bridge reopens"},
		"type as an address":     {`{"@type":"http://schema.org/NewsArticle","headline":"Bridge reopens"}`, title, "Bridge reopens"},
		"type as a list":         {`{"@type":["CreativeWork","NewsArticle"],"headline":"Bridge reopens"}`, title, "Bridge reopens"},
		"graph":                  {`{"@context":"https://schema.org","@graph":[{"@type":"WebSite","name":"Courier"},{` + article + `}]}`, title, "Bridge reopens"},
		"list":                   {`[{"@type":"BreadcrumbList"},{` + article + `}]`, title, "Bridge reopens"},
		"list in a list":         {`[[{` + article + `}]]`, title, "Bridge reopens"},
		"page around it":         {`{"@type":"WebPage","headline":"Courier","mainEntity":{` + article + `}}`, title, "Bridge reopens"},
		"mainEntityOfPage":       {`{"@type":"WebPage","mainEntityOfPage":{` + article + `}}`, title, "Bridge reopens"},
		"stories of a list":      {`{"@type":"ItemList","itemListElement":[{"@type":"NewsArticle","headline":"Another"}]}`, title, "From the title"},
		"the page's own":         {`[{"@type":"NewsArticle","headline":"Another","url":"https://courier.example/b"},{"@type":"Article","headline":"Bridge reopens","url":"` + pageAddress + `"}]`, title, "Bridge reopens"},
		"headline in a language": {`{"@type":"NewsArticle","headline":{"@language":"en","@value":"Bridge reopens"}}`, title, "Bridge reopens"},
		"author as text":         {`{` + article + `,"author":"Jane Doe"}`, author, "Jane Doe"},
		"author as texts":        {`{` + article + `,"author":["Jane Doe","John Roe"]}`, author, "Jane Doe, John Roe"},
		"author as object":       {`{` + article + `,"author":{"@type":"Person","name":"Jane Doe"}}`, author, "Jane Doe"},
		"author as objects":      {`{` + article + `,"author":[{"name":"Jane Doe"},{"name":"John Roe"},{"name":"jane doe"}]}`, author, "Jane Doe, John Roe"},
		"author of many names":   {`{` + article + `,"author":{"@type":"Person","name":["Jane Doe","John Roe"]}}`, author, "Jane Doe, John Roe"},
		"author in parts":        {`{` + article + `,"author":{"givenName":"Jane","familyName":"Doe"}}`, author, "Jane Doe"},
		"author by reference":    {`{"@graph":[{` + article + `,"author":{"@id":"#jane"}},{"@type":"Person","@id":"#jane","name":"Jane Doe"}]}`, author, "Jane Doe"},
		"author and site":        {`{` + article + `,"author":[{"name":"Courier"},{"name":"Jane Doe"}],"publisher":{"name":"Courier"}}`, author, "Jane Doe"},
		"only the site":          {`{` + article + `,"author":{"name":"Courier"},"publisher":{"name":"Courier"}}`, author, "Courier"},
		"creator":                {`{` + article + `,"creator":["Jane Doe"]}`, author, "Jane Doe"},
		"author's address":       {`{` + article + `,"author":["jane@courier.example","https://courier.example/jane","Jane Doe"]}`, author, "Jane Doe"},
		"image as text":          {`{` + article + `,"image":"/a.jpg"}`, image, "https://courier.example/a.jpg"},
		"image as texts":         {`{` + article + `,"image":["/a.webp","/b.jpg"]}`, image, "https://courier.example/b.jpg"},
		"image as object":        {`{` + article + `,"image":{"@type":"ImageObject","contentUrl":"/a.png"}}`, image, "https://courier.example/a.png"},
		"the widest image":       {`{` + article + `,"image":[{"url":"/a.jpg","width":300},{"url":"/b.jpg","width":{"value":"1200"}},{"url":"/c.jpg","width":"800px"}]}`, image, "https://courier.example/b.jpg"},
		"image by reference":     {`{"@graph":[{` + article + `,"image":{"@id":"#i"}},{"@type":"ImageObject","@id":"#i","url":"/a.jpg"}]}`, image, "https://courier.example/a.jpg"},
		"keywords as text":       {`{` + article + `,"keywords":"bridges, trams ,"}`, categories, "bridges|trams"},
		"keywords as list":       {`{` + article + `,"keywords":["bridges","trams","Bridges"]}`, categories, "bridges|trams"},
		"keywords as terms":      {`{` + article + `,"keywords":[{"@type":"DefinedTerm","name":"bridges"}]}`, categories, "bridges"},
		"section and keywords":   {`{` + article + `,"articleSection":"World, Transport","keywords":["trams"]}`, categories, "World|Transport|trams"},
		"free as false":          {`{` + article + `,"isAccessibleForFree":false}`, access, "paid"},
		"free as text":           {`{` + article + `,"isAccessibleForFree":"False"}`, access, "paid"},
		"free as an address":     {`{` + article + `,"isAccessibleForFree":"http://schema.org/False"}`, access, "paid"},
		"a part that is paid":    {`{` + article + `,"hasPart":[{"@type":"WebPageElement","isAccessibleForFree":"False","cssSelector":".p"}]}`, access, "paid"},
		"free":                   {`{` + article + `,"isAccessibleForFree":"true","hasPart":{"isAccessibleForFree":true}}`, access, ""},
		"language as object":     {`{` + article + `,"inLanguage":{"@type":"Language","name":"German","alternateName":"de"}}`, language, "de"},
	} {
		t.Run(name, func(t *testing.T) {
			got, _ := readPage(t, pageWith("<title>From the title</title>"+linked(test.json), ""))
			if test.get(got) != test.want {
				t.Errorf("got %q, want %q", test.get(got), test.want)
			}
		})
	}
}

func title(in digest.Incoming) string      { return in.Title }
func author(in digest.Incoming) string     { return in.Author }
func image(in digest.Incoming) string      { return in.ImageURL }
func access(in digest.Incoming) string     { return string(in.Access) }
func language(in digest.Incoming) string   { return in.Language }
func categories(in digest.Incoming) string { return strings.Join(in.Categories, "|") }

func TestReadPageLinkedDataBroken(t *testing.T) {
	for name, test := range map[string]struct{ script, title, author string }{
		"line break in a text":      {"{\"@type\":\"NewsArticle\",\"headline\":\"Bridge\nreopens\",\"author\":\"Jane Doe\"}", "Bridge reopens", "Jane Doe"},
		"control characters":        {"{\"@type\":\"NewsArticle\",\x01\"headline\":\"Bridge\x0breopens\",\t\"author\":\"Jane\x1f Doe\"}", "Bridge reopens", "Jane Doe"},
		"trailing commas":           {`{"@type":"NewsArticle","headline":"Bridge reopens","author":["Jane Doe",],}`, "Bridge reopens", "Jane Doe"},
		"commas alone":              {`{,"@type":"NewsArticle",,"headline":"Bridge reopens","author":"Jane Doe"}`, "Bridge reopens", "Jane Doe"},
		"in a comment":              {`<!-- {"@type":"NewsArticle","headline":"Bridge reopens","author":"Jane Doe"} -->`, "Bridge reopens", "Jane Doe"},
		"in CDATA":                  {"//<![CDATA[\n{\"@type\":\"NewsArticle\",\"headline\":\"Bridge reopens\",\"author\":\"Jane Doe\"}\n//]]>", "Bridge reopens", "Jane Doe"},
		"entities for quotes":       {`{&quot;@type&quot;:&quot;NewsArticle&quot;,&quot;headline&quot;:&quot;Bridge reopens&quot;,&quot;author&quot;:&quot;Jane Doe&quot;}`, "Bridge reopens", "Jane Doe"},
		"two objects":               {`{"@type":"WebSite","name":"x"}{"@type":"NewsArticle","headline":"Bridge reopens","author":"Jane Doe"}`, "Bridge reopens", "Jane Doe"},
		"two objects and a comma":   {`{"@type":"WebSite","name":"x"},{"@type":"NewsArticle","headline":"Bridge reopens","author":"Jane Doe"}`, "Bridge reopens", "Jane Doe"},
		"quotes in a text":          {`{"@type":"NewsArticle","headline":"The "old" bridge, "the" one, reopens","author":"Jane Doe"}`, `The "old" bridge, "the" one, reopens`, "Jane Doe"},
		"a comma after a quote":     {`{"@type":"NewsArticle","headline":"The "old", wide bridge reopens","author":"Jane Doe"}`, `The "old", wide bridge reopens`, "Jane Doe"},
		"quotes at its ends":        {`{"@type":"NewsArticle","headline":""Old" bridge reopens","author":"Jane "JD" Doe"}`, `"Old" bridge reopens`, `Jane "JD" Doe`},
		"wrong escapes":             {`{"@type":"NewsArticle","headline":"The mayor\'s bridge \x reopens","author":"Jane Doe"}`, "The mayor's bridge x reopens", "Jane Doe"},
		"no end":                    {`{"@type":"NewsArticle","headline":"Bridge reopens","author":{"name":"Jane Doe"`, "Bridge reopens", "Jane Doe"},
		"an end within a text":      {`{"@type":"NewsArticle","headline":"Bridge reopens","author":"Jane Doe`, "Bridge reopens", "Jane Doe"},
		"an end after a key":        {`{"@type":"NewsArticle","headline":"Bridge reopens","author":"Jane Doe","image":`, "Bridge reopens", "Jane Doe"},
		"a bracket too many":        {`{"@type":"NewsArticle","headline":"Bridge reopens","author":"Jane Doe"}]}`, "Bridge reopens", "Jane Doe"},
		"comments of scripts":       {"/* story */{\"@type\":\"NewsArticle\", // kind\n\"headline\":\"Bridge reopens\",\"author\":\"Jane Doe\"}", "Bridge reopens", "Jane Doe"},
		"a semicolon":               {`{"@type":"NewsArticle","headline":"Bridge reopens","author":"Jane Doe"};`, "Bridge reopens", "Jane Doe"},
		"a comma missing":           {"{\"@type\":\"NewsArticle\",\"headline\":\"Bridge reopens\"\n\"author\":\"Jane Doe\"}", "From the title", ""},
		"no JSON at all":            {`window.data = {}`, "From the title", ""},
		"broken next to a good one": {`{"@type":}</script><script type='application/ld+json'>{"@type":"NewsArticle","headline":"Bridge reopens","author":"Jane Doe"}`, "Bridge reopens", "Jane Doe"},
		"type in capitals":          {`x</script><SCRIPT TYPE="Application/LD+JSON; charset=utf-8">{"@type":"NewsArticle","headline":"Bridge reopens","author":"Jane Doe"}`, "Bridge reopens", "Jane Doe"},
	} {
		t.Run(name, func(t *testing.T) {
			got, _ := readPage(t, pageWith("<title>From the title</title>"+linked(test.script), ""))
			if got.Title != test.title || got.Author != test.author {
				t.Errorf("headline %q by %q, want %q by %q", got.Title, got.Author, test.title, test.author)
			}
		})
	}
}
