package templates

import "strings"

// sampleWords are the made-up stories of a language.
type sampleWords struct {
	site, name, tagline, address, reader, author string

	intro, note string      // of the editors; a correction
	sections    [3]string   // names of topics
	stories     [][3]string // picture, headline and summary
}

// sampleIn gives the sample of a language, English where there is none.
func sampleIn(language string) *sampleWords {
	text, ok := sampleTexts()[baseOf(language)]
	if !ok {
		text = sampleTexts()["en"]
	}
	w := &sampleWords{}
	lines := strings.Split(strings.TrimSpace(text), "\n")
	head := strings.Split(lines[0], " | ")
	w.site, w.name, w.tagline, w.address, w.reader, w.author = head[0], head[1], head[2], head[3], head[4], head[5]
	w.intro, w.note = lines[1], lines[2]
	copy(w.sections[:], strings.Split(lines[3], " | "))
	for _, line := range lines[4:] {
		var s [3]string
		copy(s[:], strings.SplitN(line, " | ", 3))
		w.stories = append(w.stories, s)
	}
	return w
}

// story is the nth story; they begin anew where there are no more.
func (w *sampleWords) story(n int) [3]string { return w.stories[n%len(w.stories)] }

// sampleTexts are the made-up stories by language: the site's words, an
// introduction, a correction, the topics, then a story a line.
func sampleTexts() map[string]string {
	return map[string]string{
		"en": sampleEnglish, "de": sampleGerman, "fr": sampleFrench, "es": sampleSpanish, "pt": samplePortuguese, "ar": sampleArabic, "ja": sampleJapanese,
	}
}

const sampleEnglish = `
City Courier | The Morning Courier | Springfield, since 1871 | 1 Main Street, Springfield | Ana Ruiz | Lee Park
Good morning. The *bridge* is back on the table, and the [night ferry](https://courier.example/ferry) sails again from Friday.
The bridge toll is 2.50 a crossing, not 25.
City | World | Culture
budget-night | Council agrees on the harbour bridge after eleven months of argument | The vote ends a quarrel over tolls, ferries and a cycle lane. Work begins in April and is to take two years.
night-ferry | The night ferry sails again, four days a week | The old boat has new engines and a café. Tickets cost what they cost in 2019, for now.
tram-seven-detour | Line 7 goes around the market until Easter | Two stops move by a street. The last tram leaves ten minutes earlier than it used to.
rents-report | Rents rise more slowly than wages, for the first time in nine years | A flat of sixty square metres costs 742 a month on average. By the river it is a good deal more.
sea-wall-deal | Five islands sign a treaty on the sea wall | Each pays by the length of its coast. The smallest of them pays least and shall have the last word.
comet-tail | A comet that nobody expected shows up in the evening sky | It can be seen without a telescope until Sunday, low in the west, an hour after sunset.
whale-in-the-roads | A whale spends the weekend at the harbour mouth | The pilots took another course, and the anglers put their rods away to watch.
silent-piano | The concert hall finds a buyer for its silent piano | It was not played for thirty years. A school takes it, with the stain of red wine on the lid.
library-of-smells | A museum collects what the town used to smell of | Tar, malt and wet rope are the first three jars. Visitors may lift the lids on Thursdays.
dockers-derby | The dockers win the derby in the last minute | Nobody was left on the bench when the keeper came forward for the corner.
school-street | Two school streets close to cars from Monday | For an hour in the morning children have the road to themselves.
seagrass-meadow | Seagrass returns to the bay | Divers counted four meadows where there was mud ten years ago.
potato-blight | Growers fear the blight after a warm, wet summer | The early potatoes are in. For the late ones it is a matter of a dry fortnight.
paper-lantern-night | Lanterns on the river on Saturday night | Bring a candle, and leave the car at home: the bridges are closed from six.`

const sampleGerman = `
Stadtbote | Der Morgenbote | Aus Springfeld, seit 1871 | Hauptstraße 1, Springfeld | Ana Ruiz | Lea Park
Guten Morgen. Über die *Brücke* wird wieder gesprochen, und die [Nachtfähre](https://courier.example/ferry) fährt ab Freitag.
Die Maut beträgt 2,50 Euro je Fahrt, nicht 25.
Stadt | Welt | Kultur
budget-night | Der Rat beschließt die Hafenbrücke nach elf Monaten Streit | Damit endet der Zwist um Maut, Fähren und einen Radweg. Gebaut wird ab April, zwei Jahre lang.
night-ferry | Die Nachtfähre fährt wieder, an vier Tagen der Woche | Das alte Schiff hat neue Motoren und ein Café. Die Karten kosten vorerst so viel wie 2019.
tram-seven-detour | Die Linie 7 umfährt den Markt bis Ostern | Zwei Haltestellen rücken eine Straße weiter. Die letzte Bahn fährt zehn Minuten früher.
rents-report | Mieten steigen langsamer als Löhne, zum ersten Mal seit neun Jahren | Eine Wohnung mit sechzig Quadratmetern kostet im Mittel 742 Euro. Am Fluss ist es deutlich mehr.
sea-wall-deal | Fünf Inseln unterzeichnen den Vertrag über den Deich | Jede zahlt nach der Länge ihrer Küste. Die kleinste hat das letzte Wort.
silent-piano | Das Konzerthaus gibt seinen stummen Flügel ab | Dreißig Jahre lang spielte ihn niemand. Nun bekommt ihn eine Schule, samt Rotweinfleck.`

const sampleFrench = `
Le Courrier | Le Courrier du matin | Springfield, depuis 1871 | 1, rue Principale, Springfield | Ana Ruiz | Léa Parc
Bonjour. On reparle du *pont*, et le [bac de nuit](https://courier.example/ferry) reprend vendredi.
Le péage est de 2,50 € par passage, et non de 25 €.
Ville | Monde | Culture
budget-night | Le conseil adopte le pont du port après onze mois de querelle | Le vote met fin au débat sur le péage, les bacs et la piste cyclable. Les travaux commencent en avril pour deux ans.
night-ferry | Le bac de nuit reprend du service, quatre jours par semaine | Le vieux bateau a des moteurs neufs et un café. Les billets restent pour l’instant au prix de 2019.
tram-seven-detour | La ligne 7 contourne le marché jusqu’à Pâques | Deux arrêts se décalent d’une rue. Le dernier tram part dix minutes plus tôt.
rents-report | Les loyers augmentent moins que les salaires, une première en neuf ans | Un logement de soixante mètres carrés coûte 742 € en moyenne. Au bord du fleuve, c’est nettement plus.
sea-wall-deal | Cinq îles signent le traité de la digue | Chacune paie selon la longueur de ses côtes. La plus petite aura le dernier mot.
silent-piano | La salle de concert se sépare de son piano muet | Personne n’en avait joué depuis trente ans. Une école le reprend, avec sa tache de vin.`

const sampleSpanish = `
El Correo | El Correo de la mañana | Springfield, desde 1871 | Calle Mayor 1, Springfield | Ana Ruiz | Lea Parque
Buenos días. Se vuelve a hablar del *puente*, y el [transbordador nocturno](https://courier.example/ferry) zarpa de nuevo el viernes.
El peaje es de 2,50 € por trayecto, no de 25 €.
Ciudad | Mundo | Cultura
budget-night | El concejo aprueba el puente del puerto tras once meses de disputa | La votación cierra la pelea por los peajes, los transbordadores y el carril bici. Las obras empiezan en abril y durarán dos años.
night-ferry | El transbordador nocturno vuelve, cuatro días por semana | El viejo barco tiene motores nuevos y una cafetería. El billete cuesta, por ahora, lo mismo que en 2019.
tram-seven-detour | La línea 7 rodea el mercado hasta Semana Santa | Dos paradas se mueven una calle. El último tranvía sale diez minutos antes.
rents-report | Los alquileres suben menos que los sueldos, por primera vez en nueve años | Un piso de sesenta metros cuadrados cuesta de media 742 €. Junto al río, bastante más.
sea-wall-deal | Cinco islas firman el tratado del dique | Cada una paga según la longitud de su costa. La más pequeña tendrá la última palabra.
silent-piano | El auditorio se despide de su piano mudo | Nadie lo tocó en treinta años. Se lo queda una escuela, con su mancha de vino tinto.`

const samplePortuguese = `
O Correio | O Correio da Manhã | Springfield, desde 1871 | Rua Principal, 1, Springfield | Ana Ruiz | Lia Parque
Bom dia. A *ponte* volta a ser assunto, e a [balsa noturna](https://courier.example/ferry) volta a navegar na sexta.
O pedágio é de 2,50 por travessia, e não de 25.
Cidade | Mundo | Cultura
budget-night | Câmara aprova a ponte do porto após onze meses de discussão | A votação encerra a briga sobre pedágio, balsas e uma ciclovia. As obras começam em abril e devem durar dois anos.
night-ferry | A balsa noturna volta, quatro dias por semana | O velho barco tem motores novos e um café. As passagens custam, por enquanto, o mesmo que em 2019.
tram-seven-detour | A linha 7 contorna o mercado até a Páscoa | Duas paradas mudam de rua. O último bonde sai dez minutos mais cedo.
rents-report | Aluguéis sobem menos que salários, pela primeira vez em nove anos | Um apartamento de sessenta metros quadrados custa em média 742 por mês. À beira do rio, bem mais.
sea-wall-deal | Cinco ilhas assinam o tratado do dique | Cada uma paga conforme o tamanho do seu litoral. A menor terá a última palavra.
silent-piano | A sala de concertos se despede do piano mudo | Ninguém o tocou por trinta anos. Fica com uma escola, com a mancha de vinho e tudo.`

const sampleArabic = `
بريد المدينة | بريد الصباح | سبرينغفيلد، منذ 1871 | 1 الشارع الرئيسي، سبرينغفيلد | آنا رويز | ليلى حداد
صباح الخير. عاد *الجسر* إلى الواجهة، وتبحر [عبّارة الليل](https://courier.example/ferry) من جديد يوم الجمعة.
رسم العبور 2.50 وليس 25.
المدينة | العالم | الثقافة
budget-night | المجلس يقر جسر الميناء بعد أحد عشر شهرا من الجدل | ينهي التصويت الخلاف على الرسوم والعبّارات ومسار الدراجات. تبدأ الأعمال في أبريل وتستمر عامين.
night-ferry | عبّارة الليل تبحر من جديد أربعة أيام في الأسبوع | للسفينة القديمة محركات جديدة ومقهى. وأسعار التذاكر كما كانت في 2019 حتى الآن.
tram-seven-detour | الخط 7 يلتف حول السوق حتى الربيع | تنتقل محطتان مسافة شارع واحد، وينطلق آخر ترام قبل موعده بعشر دقائق.
rents-report | الإيجارات ترتفع أبطأ من الأجور لأول مرة منذ تسع سنوات | متوسط إيجار شقة مساحتها ستون مترا مربعا 742 في الشهر، وأكثر من ذلك بكثير قرب النهر.
sea-wall-deal | خمس جزر توقع معاهدة السد البحري | تدفع كل جزيرة بقدر طول ساحلها، ولأصغرها الكلمة الأخيرة.
silent-piano | قاعة الحفلات تودع البيانو الصامت | لم يعزف عليه أحد منذ ثلاثين عاما، وستأخذه مدرسة.`

const sampleJapanese = `
シティ・クーリエ | 朝のクーリエ | スプリングフィールド、1871年創刊 | スプリングフィールド市大通り1番地 | アナ・ルイス | リー・パク
おはようございます。*橋*がふたたび話題になり、[夜の渡し船](https://courier.example/ferry)は金曜日から運航を再開します。
通行料は1回2.50で、25ではありません。
市内 | 国際 | 文化
budget-night | 市議会、11か月の議論の末に港の橋を承認 | 通行料、渡し船、自転車道をめぐる対立に決着がついた。着工は4月、工期は2年を見込む。
night-ferry | 夜の渡し船が再開、週4日の運航に | 古い船に新しいエンジンとカフェが入った。運賃は当面2019年のまま据え置かれる。
tram-seven-detour | 路面電車7号線、復活祭まで市場を迂回 | 停留所2か所が1本隣の通りに移る。終電は10分早くなる。
rents-report | 家賃の伸び、9年ぶりに賃金を下回る | 60平方メートルの住まいの平均は月742。川沿いはかなり高い。
sea-wall-deal | 5つの島が防潮堤の条約に調印 | 負担は海岸線の長さに応じて決まる。最も小さい島が最終決定権を持つ。
silent-piano | コンサートホール、弾かれぬピアノを手放す | 30年間だれも弾かなかった。赤ワインの染みごと学校が引き取る。`
