package ingest

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"broadsheet/internal/pattern"
)

// What plain texts of news pages say around the story. All are folded by
// foldMark.
var (
	// endHeadings begin what follows the story on a page.
	endHeadings = markSet(`latest posts|latest news|latest stories|latest|latest articles|recent posts|recent articles|recent stories|don't miss|dont miss|don't miss this|
		stay in touch|stay connected|stay informed|comments|leave a comment|leave a reply|post a comment|add a comment|join the conversation|join the discussion|show comments|view comments|
		share your thoughts|most read|most popular|most viewed|trending|trending now|popular|popular stories|top stories|editors' picks|editor's picks|editors picks|recommended|recommended for you|
		recommended stories|you may also like|you might also like|what to read next|read next|up next|more stories|more news|more top stories|more to explore|follow us|connect with us|contact us|
		about us|previous article|next article|previous post|next post|our products|quick links|explore more|from our partners|sponsored|sponsored content|paid content|around the web|
		copyright|reader comments|letters to the editor|
		meistgelesen|am meisten gelesen|neueste beiträge|neueste artikel|neueste nachrichten|aktuelle nachrichten|aktuelle meldungen|kommentare|kommentar schreiben|nicht verpassen|bleiben sie informiert|bleiben sie auf dem laufenden|
		das könnte sie auch interessieren|das könnte dich auch interessieren|auch interessant|mehr aus dem ressort|weitere artikel|weitere meldungen|weitere nachrichten|folgen sie uns|impressum|datenschutz|diskutieren sie mit|
		les plus lus|les plus lues|derniers articles|dernières actualités|à ne pas manquer|restez informé|restez connecté|restez en contact|commentaires|laisser un commentaire|vos commentaires|réagir|suivez-nous|à la une|vous aimerez aussi|mentions légales|
		lo más leído|lo más visto|últimas noticias|últimas entradas|no te pierdas|no te lo pierdas|mantente informado|mantente al día|comentarios|deja un comentario|síguenos|te puede interesar|le puede interesar|más noticias|aviso legal`)

	// boxHeadings begin what may as well stand in the middle of the story.
	boxHeadings = markSet(`related|related stories|related articles|related news|related content|related topics|related posts|related links|related coverage|more on this story|more on this topic|more on this|also read|read also|read more|see also|
		you may like|newsletter|newsletters|subscribe to our newsletter|sign up for our newsletter|get our newsletter|sign up|subscribe|key points|
		mehr zum thema|zum thema|lesen sie auch|lesen sie mehr|siehe auch|newsletter abonnieren|sur le même sujet|articles liés|à lire aussi|lire aussi|notre newsletter|abonnez-vous à notre newsletter|
		noticias relacionadas|artículos relacionados|lea también|lee también|leer también|le puede interesar|suscríbete a nuestro boletín|suscríbete|boletín`)

	// furnitureLines stand by themselves anywhere.
	furnitureLines = markSet(`advertisement|advertisements|ad|ads|advertising|sponsored|story continues below advertisement|article continues below|article continues below advertisement|story continues below|article continues after ad|
		advertisement - story continues below|advertisement - article continues below|continue reading below|skip advertisement|
		share|share this|share this story|share this article|share this post|share article|share on facebook|share on twitter|share on x|share on whatsapp|share on linkedin|share via email|tweet|email|e-mail|print|print article|copy link|link copied|copied|save|save article|
		saved|bookmark|gift article|gift this article|like|likes|reply|report|listen|listen to this article|listen to article|play|watch|watch now|watch live|live|facebook|twitter|x|instagram|whatsapp|linkedin|telegram|youtube|reddit|threads|bluesky|pinterest|pocket|flipboard|tiktok|rss|google news|
		view all|see all|show more|load more|read full story|close|dismiss|accept|accept all|accept all cookies|reject all|manage cookies|cookie settings|open in app|get the app|download the app|ad feedback|toggle caption|hide caption|enlarge this image|image|images|photo|photos|video|gallery|
		view comments|more|back to top|top|new|breaking|breaking news|exclusive|premium|subscriber only|subscribers only|for subscribers|done|reader view|aa|
		anzeige|werbung|teilen|artikel teilen|drucken|merken|vorlesen|artikel anhören|anhören|zur startseite|nach oben|mehr anzeigen|
		publicité|partager|partager l'article|imprimer|écouter l'article|écouter|enregistrer|la suite après cette publicité|réservé aux abonnés|
		publicidad|compartir|comparte|imprimir|guardar|escuchar|escuchar artículo|ver más`)

	// navigation are the words of menus.
	navigation = markSet(`menu|home|homepage|search|sections|skip to content|skip to main content|skip to navigation|sign in|log in|login|register|subscribe|subscribe now|my account|account|log out|logout|donate|support us|e-paper|epaper|e-edition|newsletters|newsletter|podcasts|podcast|videos|
		today's paper|puzzles|games|crosswords|obituaries|classifieds|jobs|shop|events|archive|archives|contact|about|help|weather|tv|radio|live tv|edition|editions|notifications|settings|back|next|previous|browse|
		startseite|suche|suchen|anmelden|abmelden|abo|abonnieren|abonnement|jetzt abonnieren|mein konto|registrieren|themen|mediathek|wetter|rätsel|
		accueil|rechercher|recherche|se connecter|connexion|s'abonner|s'inscrire|mon compte|météo|inicio|buscar|iniciar sesión|suscríbete|suscribirse|mi cuenta|registrarse|portada|el tiempo`)

	// sectionNames are what sections of newspapers are called.
	sectionNames = markSet(`news|world|world news|international|national|nation|local|local news|metro|city|region|politics|us|u.s.|uk|europe|asia|africa|americas|middle east|business|economy|money|markets|finance|tech|technology|science|health|education|environment|climate|
		sport|sports|football|culture|arts|entertainment|music|film|books|lifestyle|life|style|travel|food|opinion|opinions|comment|editorial|features|crime|courts|weather|
		nachrichten|politik|ausland|inland|welt|wirtschaft|lokales|regionales|kultur|wissen|wissenschaft|gesellschaft|panorama|meinung|leben|reise|gesundheit|stadt|land|technik|netzwelt|feuilleton|digital|
		actualité|actualités|politique|monde|économie|société|culture|sports|sciences|santé|idées|planète|environnement|faits divers|
		noticias|política|internacional|nacional|mundo|economía|sociedad|cultura|deportes|ciencia|salud|tecnología|opinión|sucesos|local`)
)

func markSet(list string) map[string]bool {
	set := map[string]bool{}
	for mark := range strings.SplitSeq(list, "|") {
		set[foldSpace(mark)] = true
	}
	return set
}

// foldMark folds a short line for comparing: no case, no arrows, no colon. What
// is longer than any mark becomes "".
func foldMark(text string) string {
	if len(text) > 120 {
		return ""
	}
	text = strings.ReplaceAll(strings.ToLower(text), "’", "'")
	return strings.TrimFunc(text, func(r rune) bool {
		return unicode.IsSpace(r) || strings.ContainsRune(":;.!»«›‹>→▶►•·|…-–—▼▾+×✕≡☰*[]()", r) || unicode.Is(unicode.So, r)
	})
}

var (
	endMark    = pattern.New(`(?i)^\W*(?:#\s?#\s?#|-\s?30\s?-|[-–—]+\s?ends?\s?[-–—]*|ends|end of (?:release|text|story)|\(ends?\)|\(fin\)|ende der mitteilung|[-–—]\s?fin(?: du communiqué)?\s?[-–—])\W*$`)
	onlyMarks  = pattern.New(`^[^\p{L}\p{N}]+$`)
	pageNumber = pattern.New(`^(?i:page |seite |p\. ?)?\d{1,4}(?:\s?(?:/|of|von)\s?\d{1,4})?$`)

	releaseHead = pattern.New(`(?i)^\W*(?:for immediate release|immediate release|(?:press|news|media) release|for release|pressemitteilung|medienmitteilung|presseinformation|zur sofortigen veröffentlichung|communiqué de presse|pour diffusion immédiate|nota de prensa|comunicado de prensa|para publicación inmediata)\b.{0,60}$`)
	aboutSender = pattern.New(`^(?i:about|über|à propos d[eu']|acerca de|sobre)\s?\p{Lu}`)
	contactHead = pattern.New(`(?i)^\W*(?:(?:press|media|news)? ?contacts?(?: information| details)?(?: \([^)]*\))?|media (?:inquiries|enquiries)|(?:presse)?kontakt|ansprechpartner(?:in)?|rückfragen(?: an)?|contact(?:s)? presse|contacto(?: de prensa)?)\s*(?::|$)`)
	contactLine = pattern.New(`(?i)^(?:\S+@\S+\.\S+|(?:tel|phone|telephone|telefon|téléphone|teléfono|mobile|mobil|fax|e-?mail|web|website)\b[.:]?.{0,80}|\+?[\d(][\d\s()/.-]{5,20})$|\b[\w.+-]+@[\w-]+\.\w+\b|\+?\(?\d{2,4}\)?[\s./-]\d{2,4}[\s./-]\d{3,}`)

	alsoRead = pattern.New(`(?i)^\W*(?:also,? read|read also|read more(?: on this| about)?|read next|see also|watch|listen|related(?: (?:story|stories|article|articles|news|coverage))?|more(?: on this| here| from us)?|more on this (?:story|topic)|don['’]t miss|must read|watch also|you may also like|go deeper|dig deeper|` +
		`lesen sie (?:auch|mehr|dazu)|lies auch|mehr (?:zum thema|dazu|lesen)|siehe auch|auch interessant|(?:à )?lire (?:aussi|également)|à voir aussi|voir aussi|sur le même sujet|lea también|lee también|leer también|vea también|te puede interesar|más información|leggi anche|leia também)\s*(?:\||:|»|›|→|>|–|—|-\s)`)
	alsoReadBare = pattern.New(`^\W*(?:ALSO READ|READ ALSO|READ MORE|Also Read|Read Also|LESEN SIE AUCH|LIRE AUSSI|LEA TAMBIÉN)\s+\p{Lu}`)

	caption     = pattern.New(`(?i)^\W*(?:photos?|pictures?|pics?|images?|photograph|file photo|file image|video|graphic|illustration|fotos?|bild|bilder|grafik|symbolbild|archivbild|foto|crédit photo|photo d['’]archives|imagen|infografía)(?: (?:by|credits?|source|courtesy(?: of)?|von|de|illustration))?\s*(?::|/|©|\|)|^\W*(?:image|photo|picture) (?:source|credit|caption|courtesy)\b|^\W*©\s?\p{Lu}|^\W*(?:photo|image|picture|photograph|foto) (?:by|courtesy of|von)\s+\p{Lu}`)
	captionTail = pattern.New(`(?i)[.\s(|–—-](?:photos?|pictures?|images?|photograph|fotos?|bild|(?:photo|image|picture) (?:credits?|source)|credits?|crédits?)\s?(?::|/|by:?\s|©)\s?[^.!?]{2,60}\)?$|\((?:\w+ )?(?:photo|file|image|foto|ap photo|file photo|getty images|reuters|afp)\b[^.)]{0,60}\)$|\((?:photo|image|foto|picture) (?:by|von|de) [^)]{2,60}\)$|/(?:getty images|reuters|ap photo|afp|dpa)$`)

	weather  = pattern.New(`(?i)-?\d{1,3}(?:[.,]\d)?\s?(?:°|º)\s?[cf]?(?:\W|$)|\d{1,3}\s?(?:degrees|grad|degrés|grados)\b`)
	readTime = pattern.New(`(?i)^\W*(?:\d{1,3}[\s-]min(?:ute)?s?(?:[\s-]read)?(?: to read)?|reading time:? .{1,20}|time to read:? .{1,20}|lesezeit:? .{1,20}|\d{1,3} min(?:uten)? lesezeit|temps de lecture:? .{1,20}|lecture \d.{1,20}|\d{1,3} min(?:utes)? de lecture|tiempo de lectura:? .{1,20}|\d{1,3} min(?:utos)? de lectura)$`)
	relative = pattern.New(`(?i)^\W*(?:(?:updated |published |posted )?(?:\d{1,3}|an?) ?(?:s|m|h|d|secs?|seconds?|mins?|minutes?|hrs?|hours?|days?|weeks?) ago|just now|yesterday|today|vor \d{1,3} \p{L}+|il y a \d{1,3} \p{L}+|hace \d{1,3} \p{L}+|heute|gestern|hier|aujourd['’]hui|hoy|ayer)$`)
	clock    = pattern.New(`(?i)^\d{1,2}[:.]\d{2}(?:[:.]\d{2})?(?: ?[ap]\.?m\.?)?(?: uhr| h)?(?: \p{Lu}{2,5})?$`)
	address  = pattern.New(`(?i)^(?:https?://\S+|(?:www\.)?[a-z0-9-]+(?:\.[a-z0-9-]+)*\.(?:com|org|net|de|fr|es|uk|us|eu|ch|at|example|news|info|io|tv|in|au|ca)(?:/\S*)?)$`)
	counts   = pattern.New(`(?i)^\W*(?:\d[\d.,]*[km]? (?:comments?|shares?|views?|likes?|reactions?|kommentare?|commentaires?|comentarios?|reads?|followers?)|(?:comments?|kommentare?|commentaires?|comentarios?) ?[(:]? ?\d+\)?)$`)
	offers   = pattern.New(`(?i)^\W*(?:advertisement\s*[-–—:|]|subscribe (?:to|for|now|today)\b|sign up (?:for|to|here|now|today)\b|get (?:the|our|all the|breaking|unlimited) .{0,60}(?:newsletter|inbox|alerts?|app|access)|follow (?:us|@|the .{1,30}) on\b|join our\b|like us on\b|click here\b|tap here\b|download (?:our|the) app|enter your e-?mail|your e-?mail address|by (?:signing|clicking|subscribing|entering)\b|(?:support|donate to) (?:us\b|our (?:work|journalism|newsroom|reporting)|(?:local|independent) journalism)|become a (?:member|subscriber)|already a (?:member|subscriber)|we use cookies|this (?:site|website) uses cookies|have you got a (?:story|tip)|got a (?:story|news tip|tip)|turn on notifications|` +
		`abonnieren sie\b|melden sie sich\b|jetzt (?:abonnieren|anmelden|registrieren)|folgen sie uns\b|newsletter abonnieren|wir verwenden cookies|abonnez-vous\b|inscrivez-vous\b|suivez-nous\b|recevez\b.{0,60}(?:newsletter|boîte|actualité)|nous utilisons des cookies|suscríbe(?:te|ase)\b|síguenos\b|recib[ea]\b.{0,60}(?:boletín|correo|newsletter)|utilizamos cookies)`)
	copyright = pattern.New(`(?i)^\W*(?:(?:©|\(c\)) ?\d{4}|(?:©|\(c\)).{0,80}(?:rights|rechte|droits|derechos)|copyright\b|all rights reserved|alle rechte vorbehalten|tous droits réservés|todos los derechos reservados)`)
	keywords  = pattern.New(`(?i)^\W*(?:tags?|topics?|keywords|filed under|related topics|more on|schlagw(?:ort|orte|örter)|themen|stichwörter|mots[- ]clés|thèmes|sujets|étiquettes|etiquetas|temas|categories|categor(?:y|ía|ías)|posted in)\s*:\s*(.{2,300})$`)
)

// isWeather says whether a line tells the weather and no story.
func isWeather(text string) bool {
	return utf8.RuneCountInString(text) <= 60 && weather.MatchString(text) && !isSentence(text)
}

// isFurnitureLine says whether a part belongs to a page and not to its story.
func isFurnitureLine(text string) bool {
	mark := foldMark(text)
	if len(text) > 250 {
		return false
	}
	if furnitureLines[mark] {
		return true
	}
	for _, shape := range [...]*pattern.Pattern{onlyMarks, pageNumber, readTime, relative, clock, address, counts, offers, moreLine, otherLines} {
		if shape.MatchString(text) {
			return true
		}
	}
	return isWeather(text)
}

// isAlsoRead says whether a part is a link to another story.
func isAlsoRead(text string) bool {
	return len(text) <= 250 && (alsoRead.MatchString(text) || alsoReadBare.MatchString(text))
}

// isCaption says whether a part is the text under a picture.
func isCaption(text string) bool {
	return len(text) <= 400 && (caption.MatchString(text) || captionTail.MatchString(text))
}
