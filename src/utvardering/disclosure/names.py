"""What makes two capitalised words a person: common given names and surnames in Sweden, folded, and what is a place instead.

The lists here are written from what is common knowledge, and a given name of them counts alone in some places. Rarer names come
from `name_lists.py` and need a known surname beside them: in lists of the whole world nearly every place in Sweden is the name
of somebody (Lund, Kalmar and Park are), and honest tables must load.
"""

from __future__ import annotations

import re

from utvardering.disclosure.name_lists import name_lists

GIVEN_NAMES = frozenset(
    """
    anna eva maria karin sara sarah lena emma kristina kerstin marie malin jenny ingrid elin hanna hannah linda susanne
    susanna annika elisabeth elisabet margareta margaretha birgitta brita britta ulla inger monica monika marianne
    gunilla helena helen helene johanna sofia sofie sophia ida julia amanda ebba klara clara maja alice alva ella wilma
    vilma agnes astrid elsa vera saga stina lisa liza lotta carina karina cecilia camilla therese terese frida josefin
    josefine josephine matilda mathilda moa linnea nathalie felicia isabelle isabella sandra caroline carolina charlotte
    charlotta katarina catarina catharina ulrika ulrica pia yvonne barbro britt gun siv irene anette annette anneli
    annelie maud rut ruth gerd tove tora tuva tilda tilde tyra signe siri selma sigrid solveig sonja susan svea sanna
    rebecka rebecca petra pernilla paulina olivia nora nova ronja molly nellie nelly mikaela michaela mia meja madeleine
    marina marita marit margit majken lovisa lova louise lo liv lilly lily leonie lea laura kajsa karolina katja kim
    kicki jonna jessica jennifer jeanette jasmin iris inga ingegerd ingela ines hilma hilda hedda hedvig gudrun gunvor
    greta gabriella freja fanny ester esther erika ellinor elina elinor elvira emelie emilia emily edith doris disa
    denise daniela cornelia bodil berit beatrice annie anja anita angelica angelika anne ann andrea amelie amalia alma
    alexandra agneta agda aina aino viola viktoria victoria viveka vendela vanessa ursula ulrike tindra thea thelma tea
    minna milla mona mimmi rosmarie rose rosa rakel ragnhild fatima fatma aisha aicha amina amira mariam maryam miriam
    zahra zeinab zainab leila layla nour noor noora samira yasmin yasmine jasmine hodan hawa halima hamdi khadija khadra
    ayan ayaan asha sahra nadia nadja rania rana rima reem ruba salma safa soraya shirin sherin shadi parisa mahsa maral
    nasrin negar nilofar zeynep elif emine hatice ayse aysha dilan rojin berivan shilan hiba huda iman ikram lina lamia
    malak dina dalia rasha ranya sumaya suad ubah ifrah naima najma nasra saba selam rahel tigist mehret senait luwam
    bethlehem olga natalia natalya tatiana svetlana irina oksana ewa agnieszka malgorzata katarzyna joanna aleksandra
    magdalena jelena jasmina amra lejla azra senada snezana vesna dragana ljiljana mirjana biljana arta besa drita vjosa
    shpresa teuta mimoza priya siriporn malee linh thi mei lars anders mikael michael mickael johan karl carl per par
    erik eric jan peter petter thomas tomas daniel fredrik hans bengt bo mats matts andreas stefan stephan marcus markus
    magnus jonas niklas nicklas niclas martin bjorn leif ulf sven henrik david robert robin christer krister christian
    kristian christoffer kristoffer patrik patrick joakim joachim oskar oscar viktor victor alexander alex simon anton
    filip philip william wilhelm lucas lukas elias emil gustav gustaf axel hugo oliver liam noah nils olle olof olov ola
    pontus rickard richard roger rolf sebastian tobias jesper jens jorgen kent kjell goran gunnar hakan ingemar ingvar
    lennart borje arne ake stig sture tommy tony conny kenneth dan albin alfred arvid edvin felix isak isac jakob jacob
    joel kevin leo linus ludvig max melvin mattias mathias matteo theo theodor ted tage torbjorn tord tore torgny tor
    thor vidar valter walter vincent uno ulrik sixten sigvard sigurd samuel sam rune ruben ronny ronnie roland roine
    robban rasmus ragnar pelle ove otto osvald ossian orjan noel nikolaus ned morgan milton milo mille melker matheo
    malte loke lage kurt kristofer klas claes claus klaus kaj kai jonathan jonatan johnny john johannes jimmy jerry jarl
    jack ivar ingmar ingvald holger herman hjalmar helge harry harald hampus halvar georg gosta glenn gerhard frank
    folke frans filippa evert ernst erland erling einar edward edvard eddie ebbe douglas dick dennis curt conrad charlie
    casper carsten calle birger bertil bernt benny benjamin bernhard august assar ante algot allan adrian adam adolf
    mohamed mohammed muhammad mohammad muhammed ahmed ahmad ali hassan hasan hussein hussain hossein omar omer ibrahim
    yusuf yousef youssef mustafa abdi abdullah abdallah abdirahman abdulla abdullahi abdulrahman mahmoud mahmod khaled
    khalid samir amir amin reza mehdi mahdi hamid hamza bilal bashar bassam fadi faisal farhad farah fares firas ghassan
    hadi haider hani hisham imad jamal jamil kareem karim majid malik marwan mazen mohsen mousa musa nabil nader nasser
    nizar osman othman qasim rami rashid saad said salem salah sami sayed saeed suleiman tarek tariq wael waleed walid
    yahya yasin yassin younes zaid zakaria ziad isse warsame mehmet murat mustapha emre burak serkan ozan kemal can
    baran azad dilovan jwan rezan ivan aleksandr aleksandar alexandr sergej sergei dmitri dmitrij nikola nikolaj nikolai
    igor oleg vladimir boris milan dragan zoran slobodan miroslav predrag nenad bojan dejan emir edin amel admir senad
    mirza nedim damir haris elvir arben agron besnik bekim blerim burim fatos gezim ilir kujtim luan valon visar piotr
    krzysztof pawel tomasz marcin andrzej grzegorz wojciech jozef jose juan carlos luis miguel diego pablo pedro javier
    fernando tesfaye yohannes dawit abel jim ellen maj louie andre lillemor alicia vanja albert alvin amos annmarie aron
    arthur artur asa bella betty birgit bjarne britt-marie charles clas dag ebbot egon ellie elly elna elsie ethel eugen
    eva-lena evald evelina fabian fritz gabriel gertrud gillis greger gull gullan gunborg gunnel gustava hasse henning
    henry herbert hulda ilse ingalill ingeborg ingegard ingmarie ira isabel isabell jean joar jon josef joseph josua
    juliana justin karl-erik katinka keith kenny kerstin-marie kjerstin knut konrad laila lars-erik leopold levi lillian
    linn lisbeth lisen lise loa lorentz lotten love lovis lowe luna lydia lykke mai maj-britt mariana maritha marlene
    marta martha matilde maximilian merit miranda mirja mona-lisa my myra nadine nanna natali nea neo nicholas nicole
    niki nina nilla nikita nikolina nisse nore oden oliva ophelia orvar ottilia otilia paula paul peder penny per-erik
    per-olof peggy phoebe povel primus ramona reine reinhold regina rosanna runa sally samantha samson sander selina
    severin sigbritt sigge smilla sol stellan stella stephanie stephen sten sverker sverre svante sylvia synnove tekla
    teodor terry tiina tim tina tintin tom torkel torun torvald truls tuula ture tyko ulla-britt urban veronica veronika
    vilhelm vilgot vilja viking viveca walther werner wille willy wilmer yngve ylva yvette zelma asta osten kidane
    filmon yonas nguyen minh tuan wei ming somchai arjun raj sanjay amit
    """.split()  # noqa: SIM905 -- several hundred words are read more easily than a list of them
)

SURNAMES = frozenset(
    """
    andersson johansson karlsson nilsson eriksson larsson olsson persson svensson gustafsson gustavsson pettersson
    petersson jonsson jansson hansson bengtsson carlsson lindberg magnusson lindgren axelsson bergstrom lundberg
    lundgren lindstrom lindqvist lindkvist mattsson sandberg forsberg fredriksson jakobsson jacobsson lundqvist
    danielsson bergman berglund lundin hakansson bjork bergqvist holm gunnarsson engstrom samuelsson isaksson eklund
    wallin soderberg hermansson nystrom lind lundstrom arvidsson bjorklund sandstrom henriksson nyberg lundmark hedlund
    ekstrom nordin martensson sjoberg blomqvist abrahamsson hellstrom jonasson oberg eliasson ek norberg sundberg
    hedberg strandberg martinsson dahlberg sundstrom bergstrand blom falk dahl dahlstrom hellberg lofgren wikstrom
    viklund wiklund holmberg holmstrom aberg akesson strom ostlund ohman ohlsson josefsson melin norgren nordstrom
    nordqvist sjostrom sjogren skoglund stenberg soderstrom sandell rosen roos palm ericsson erlandsson claesson
    christensen cederlund borg boman backstrom backman ahlstrom ahlberg almqvist alm engman engberg edlund edberg ekman
    englund fransson forsman franzen friberg frisk hallberg hagstrom haglund hagberg hedin hedstrom hoglund hogberg
    jonson kjellberg kvist kallstrom liljegren linden lindahl lindblom lindholm ljung ljungberg ljunggren lovgren malm
    malmberg malmstrom moberg molin moller mollerstrom nylander nyman nordlund nordgren norling nygren olofsson
    palmqvist pettersen pihl rask rydberg ryden sallstrom selander sjodin stahl stromberg sundin sundqvist sward
    soderlund tornqvist thorell thunberg tillman vikstrom wahlberg wahlstrom wallen wallgren wennberg wester westerberg
    westerlund westman wikman winberg ystrom zetterberg zetterstrom astrom hansen jensen nielsen larsen pedersen olsen
    virtanen korhonen lund berg bergh strand dal vik wik sund lindh hill bjurstrom makinen nieminen heikkinen niemi
    laine mustonen saarinen ali ahmed ahmad hassan hasan hussein hussain mohamed mohammed mohammad mohamud muhammad
    ibrahim omar osman abdi abdullah abdulle abdullahi abdirahman ismail yusuf yousef mahmoud mahmood khalil khan hamid
    saleh salih aziz karim jama farah warsame said salem sheikh shah haidari hosseini hussaini ahmadi mohammadi rezai
    rezaei karimi rahimi jafari akbari sharifi moradi nazari haddad khoury saad nasser al-hassan alhassan aydin demir
    kaya yilmaz yildiz celik ozturk sahin arslan dogan kilic kurt polat aslan nguyen tran pham huynh petrovic nikolic
    jovanovic markovic hadzic begic kovacevic kovac horvat novak hodzic halilovic krasniqi gashi berisha hoxha shala
    kowalski nowak wisniewski wojcik kaminski lewandowski singh kaur kumar sharma tesfay tekle ghebremedhin haile
    gebremariam berhane garcia rodriguez gonzalez lopez martinez perez hernandez silva santos soares haddadi barzani
    rashid hamza
    """.split()  # noqa: SIM905 -- as above
)

PLACES = frozenset(
    """
    norra sodra vastra ostra inre yttre ovre nedre nya gamla stora lilla centrum centralen city park parken parkens torg
    torget plats platsen plan planen gata gatan vag vagen grand backe backen stig stigen alle allen esplanaden kaj kajen
    bro bron skola skolan gymnasium gymnasiet forskola forskolan forsamling kyrka kyrkan kyrkogard gard garden gards
    hamn hamnen stranden omrade omradet distrikt distriktet stadsdel stadsdelen kvarter kvarteret kommun lan socken by
    byn ort station stationen sjukhus sjukhuset vardcentral hus huset hall hallen arena bibliotek biblioteket minne
    magdalena eleonora kristina holme holmen udde udden berget dalen ang angen hage hagen lunden sundet viken asen vasa
    vasaparken johan fredrik hammarby stadion stadium burgers hood universitet hogskola institut institutet stiftelsen
    ab north south east west new old upper lower central street road square beach avenue hills
    """.split()  # noqa: SIM905 -- as above
)
"""Words that make a place of a name: Maria Park, Gustav Adolfs torg, Sofia skola."""

PLACE_ENDS = (
    "gatan",
    "vagen",
    "torget",
    "platsen",
    "parken",
    "skolan",
    "garden",
    "staden",
    "omradet",
    "huset",
    "plan",
    "grand",
)

# letters of the mark of a surname; berg, lund, dal and holm are left out: places end in them as often as persons' names do
_SURNAME_END = re.compile(
    r"(sson|sdotter|sdottir|strom|qvist|kvist|quist|stedt|gren|blad|ovic|evic|ovski|owski|ewski|yan|zadeh)$"
)
_NOT_SURNAMES = frozenset({"strom", "gren", "kvist", "blad", "ek", "lind", "holm", "borg", "palm", "alm", "ljung", "malm"})
"""Surnames that are a tree or a place as often: they count after a given name only."""


def is_given(folded: str) -> bool:
    """Whether a folded word is a given name, common or not."""
    return folded in GIVEN_NAMES or (folded in name_lists().given and folded not in PLACES)


def is_common_surname(folded: str) -> bool:
    """Whether a folded word is a common surname, or ends as surnames do."""
    part = folded.rpartition("_")[2]
    return part in SURNAMES or _SURNAME_END.search(part) is not None


def is_surname(folded: str) -> bool:
    """Whether a folded word is a surname, common or not; a rare surname that is a common given name is none."""
    if is_common_surname(folded):
        return True
    part = folded.rpartition("_")[2]
    rare = {folded, part} & name_lists().surnames
    return bool(rare) and part not in GIVEN_NAMES and part not in PLACES


def is_only_surname(folded: str) -> bool:
    """Whether a folded word is a surname and hardly anything else, so that an initial before it makes a person."""
    part = folded.rpartition("_")[2]
    return part not in _NOT_SURNAMES and part.endswith(("sson", "sdotter", "sdottir", "qvist", "ovic", "evic"))
