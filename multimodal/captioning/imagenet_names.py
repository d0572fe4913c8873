"""What people call the things of ImageNet's 1,000 classes, in groups of one kind.

The classes are numbered from 1, in ImageNet's order. A line holds the numbers of a thing, its
everyday name (and the plural after a slash, where it is not regular; "-" for a form that is not
used) and, after a colon, other words for it: a sentence with one of these needs nothing more.
A tilde stands before things that are recognised, but never brought into a sentence: they are worn,
part of the scene or of something larger, or mistaken too often to be worth the risk.
"""

from __future__ import annotations

from typing import NamedTuple


class Group(NamedTuple):
    """Things of one kind.

    Attributes:
        title: what they have in common.
        donors: common words of this kind, the most fitting first; a name that a captioner has never
            read borrows from the first of them that it knows. A slash stands before the plural.
        general: words that stand for any thing of the group.
        things: one a line.
        never_after: prepositions that a sentence cannot mean: nobody plays in a cat.
        seldom_missed: whether the classifier hardly ever overlooks such a thing; where it sees
            none, the donors and the general words of the group are refuted. (Among 4,000 photos of
            Flickr8k it would refute 16 of 1,002 dogs, 2 of 126 bikes and 2 of 56 cars.)
    """

    title: str
    donors: str
    general: str
    things: str
    never_after: str = ""
    seldom_missed: bool = False


# What a caption that does not know an animal takes it for.
_BEASTS = "dog, horse, cow, cat, bird, sheep/sheep, animal"

_IN = "in into inside"
_IN_OR_ON = f"{_IN} on onto"

GROUPS = (
    Group(
        "dogs",
        "dog, " + _BEASTS,
        "animal, puppy, hound, terrier, retriever",
        """
        152-269 dog: pet, poodle, husky/huskies, labrador, greyhound, dalmatian, doberman, pitbull,
            dachshund, beagle, boxer, bulldog, pug, collie, shepherd
        """,
        _IN_OR_ON,
        seldom_missed=True,
    ),
    Group(
        "wild dogs and their kin",
        "dog, " + _BEASTS,
        "animal",
        """
        270-272 wolf/wolves: dog, husky/huskies
        273 coyote: dog, wolf/wolves
        274 dingo/dingoes: dog
        275-276 wild dog: dog
        277 hyena
        278-281 fox
        """,
        _IN_OR_ON,
        seldom_missed=True,
    ),
    Group(
        "cats",
        "cat, dog, " + _BEASTS,
        "animal",
        """
        282-286 cat: kitten, kitty, pet
        287 cougar: mountain lion, puma, panther
        288 lynx: bobcat
        289 leopard: jaguar, cheetah
        290 snow leopard: leopard
        291 jaguar: leopard, panther
        292 lion: lioness
        293 tiger
        294 cheetah: leopard
        """,
        _IN_OR_ON,
        seldom_missed=True,
    ),
    Group(
        "bears",
        "bear, dog, " + _BEASTS,
        "animal, bear",
        """
        295-296, 298 bear: grizzly/grizzlies
        297 polar bear
        388 red panda: panda
        389 panda
        """,
        _IN_OR_ON,
        seldom_missed=True,
    ),
    Group(
        "small furry animals",
        "cat, squirrel, rabbit, dog, " + _BEASTS,
        "animal, creature, rodent",
        """
        299 mongoose: weasel
        300 meerkat
        331-333 rabbit: bunny, hare
        334 hamster: mouse/mice
        335 porcupine: hedgehog
        336 squirrel
        337 marmot: groundhog
        338 beaver
        339 guinea pig: hamster
        357 weasel
        358 mink: weasel
        359-360 ferret: weasel
        361 otter
        362 skunk
        363 badger
        364 armadillo
        365 sloth
        103 echidna
        104 platypus
        106 koala: bear
        107 wombat
        """,
        _IN_OR_ON,
        seldom_missed=True,
    ),
    Group(
        "hoofed animals",
        "horse, cow, " + _BEASTS,
        "animal",
        """
        105 kangaroo: wallaby
        340 horse: pony, mare, foal
        341 zebra
        342 pig: hog, piglet
        343 wild boar: boar, pig
        344 warthog: boar, pig
        345 hippo: hippopotamus
        346 ox/oxen: cow, bull, cattle, steer
        347 water buffalo/water buffalo: buffalo, cow, bull, ox/oxen
        348 bison/bison: buffalo, bull
        349-350 sheep/sheep: ram, lamb, goat
        351 goat: ibex, sheep
        352-354 antelope: deer, gazelle, impala
        355 camel: dromedary
        356 llama: alpaca
        102, 386-387 elephant: tusker
        """,
        _IN,
        seldom_missed=True,
    ),
    Group(
        "apes and monkeys",
        "monkey, " + _BEASTS,
        "animal, monkey, ape, primate",
        """
        366 orangutan
        367 gorilla
        368 chimpanzee: chimp
        369-370 gibbon
        371-372, 374-383 monkey: macaque
        373 baboon
        384-385 lemur
        """,
        _IN_OR_ON,
        seldom_missed=True,
    ),
    Group(
        "small birds",
        "bird, " + _BEASTS,
        "bird, animal",
        """
        8 rooster: chicken, cock, hen
        9 chicken: hen, rooster
        11-15, 17, 20-21, 81-84, 87, 92-93, 96, 136-144, 147 bird: seagull, gull, pigeon, duck,
            chicken, goose/geese, swan, turkey
        16 robin
        18 jay: blue jay
        19 magpie
        86 quail/quail
        88-89, 91 parrot: macaw, parakeet
        90 cockatoo: parrot
        94 hornbill: toucan
        95 hummingbird
        97 toucan
        """,
        _IN_OR_ON,
        seldom_missed=True,
    ),
    Group(
        "large birds",
        "bird, duck, " + _BEASTS,
        "bird, animal",
        """
        10 ostrich: emu
        22 hawk: kite, falcon, eagle
        23 eagle: hawk
        24 vulture
        25 owl
        85 peacock
        98-99 duck: drake
        100 goose/geese: duck
        101 swan: duck, goose/geese
        128-129 stork: crane, heron
        130 spoonbill
        131 flamingo
        132, 134 heron: egret, crane
        133 egret: heron, crane
        135 crane: heron, stork
        145 pelican
        146 penguin
        """,
        _IN_OR_ON,
        seldom_missed=True,
    ),
    Group(
        "fish",
        "fish/fish, " + _BEASTS,
        "fish, animal",
        """
        1, 390, 392-393, 395-396 fish/fish: trout
        2 goldfish/goldfish
        3-5 shark
        6-7 stingray: ray
        391 eel: snake
        394 clownfish/clownfish
        397 lionfish/lionfish
        398 pufferfish/pufferfish
        """,
        _IN_OR_ON,
        seldom_missed=True,
    ),
    Group(
        "mammals of the sea",
        "seal, dolphin, " + _BEASTS,
        "animal, whale",
        """
        148 whale
        149 killer whale: orca, dolphin
        150 manatee: dugong
        151 sea lion: seal, walrus
        """,
        _IN_OR_ON,
        seldom_missed=True,
    ),
    Group(
        "other life of the sea",
        "fish/fish, " + _BEASTS,
        "animal, creature",
        """
        108 jellyfish/jellyfish
        109 sea anemone: anemone
        110 coral/-
        ~111 flatworm
        ~112 worm
        113 seashell: shell, conch
        116 sea slug: slug
        ~117 chiton
        118 nautilus: shell
        119-122, 126 crab
        123-124 lobster
        125 crayfish/crayfish: lobster
        328 starfish/starfish
        329 sea urchin: urchin
        330 sea cucumber
        """,
        _IN_OR_ON,
        seldom_missed=True,
    ),
    Group(
        "reptiles and amphibians",
        "snake, frog, crocodile, " + _BEASTS,
        "animal, creature, reptile",
        """
        26, 29 salamander: lizard, newt
        27-28 newt: lizard, salamander
        30 axolotl: salamander
        31-33 frog: toad
        34-38 turtle: tortoise
        39, 41-47 lizard: gecko
        40 iguana: lizard
        48 chameleon: lizard
        49 komodo dragon: lizard
        50 crocodile: alligator
        51 alligator: crocodile
        52 dinosaur: triceratops
        53-69 snake: cobra, python
        """,
        _IN_OR_ON,
        seldom_missed=True,
    ),
    Group(
        "insects and spiders",
        "bug, bird, " + _BEASTS,
        "bug, insect, creature",
        """
        71, 73-78 spider: tarantula
        72 scorpion
        ~79 tick
        80 centipede
        114 snail
        115 slug: snail
        ~127 isopod
        301, 303-308 beetle
        302 ladybug: beetle, ladybird
        309 fly
        310 bee: wasp
        311 ant
        312 grasshopper: cricket, locust
        313 cricket: grasshopper
        314 stick insect
        315 cockroach: roach
        316 praying mantis: mantis
        317 cicada
        318-319 insect
        320-321 dragonfly: damselfly
        322-327 butterfly: moth
        """,
        _IN_OR_ON,
        seldom_missed=True,
    ),
    Group(
        "cars",
        "car, vehicle, truck",
        "car, vehicle, automobile, truck, suv, van",
        """
        437 car: station wagon
        469 taxi: cab
        512 convertible
        574 go-kart: kart, racer
        576 golf cart: cart
        610 jeep
        628 limousine: limo
        657 minivan
        662 vintage car: model t
        735 police van
        752 race car: racer
        818 sports car
        """,
        seldom_missed=True,
    ),
    Group(
        "lorries, buses and machines on wheels",
        "truck, bus, vehicle, car",
        "truck, vehicle, lorry",
        """
        408 ambulance: van
        ~409 amphibious vehicle
        556 fire truck: fire engine, firetruck
        562 forklift
        570 garbage truck
        ~587 military vehicle: tank
        596 combine harvester: combine, harvester, tractor, machine
        622 lawn mower: mower, lawnmower, tractor
        655 minibus: bus, van
        676, 868 truck: trailer, semi, van
        718 pickup truck: pickup, car
        731 plow: tractor
        758 camper van: camper, rv, bus, van, trailer
        780 school bus: bus
        803 snowmobile: snowmobiler, sled
        804 snowplow: plow, tractor
        848 tank
        857 threshing machine: tractor, machine
        865 tow truck
        867 tractor
        875 bus
        """,
        seldom_missed=True,
    ),
    Group(
        "trains",
        "train, bus, vehicle",
        "train, vehicle, locomotive",
        """
        467, 548, 566, 706 train: subway, railroad
        821 steam train: steam engine
        830 tram: streetcar, trolley, bus
        """,
    ),
    Group(
        "cycles, carts and sledges",
        "bike, bicycle, cart",
        "vehicle",
        """
        445, 672 bicycle: bike, biker, bicyclist, cyclist, biking, cycling, motorcycle, bmx, rider
        666, 671 scooter: motorcycle, motorbike, moped, bike, biker
        871 tricycle: bike, bicycle, trike, toy
        881 unicycle: bike, bicycle
        451 bobsled: sled, sledding, toboggan, luge
        538 dog sled: sled, sledding, sleigh
        604 horse cart: carriage, wagon, cart, horse-drawn, horse and buggy
        691 oxcart: carriage, wagon, cart
        613 rickshaw: cart, carriage, bike, bicycle
        429 wheelbarrow: cart, barrow
        792 shopping cart: cart
        ~831 stretcher
        """,
        seldom_missed=True,
    ),
    Group(
        "boats and ships",
        "boat, canoe, raft",
        "boat, vessel",
        """
        404 aircraft carrier: ship
        473 canoe: kayak, kayaker, kayaking, canoeing, raft, rafting, paddling, canoer
        485, 781, 872, 915 sailboat: ship, sailing, catamaran, sail
        511 ship
        ~555 fireboat
        577 gondola: canoe
        626 lifeboat: ship
        629 cruise ship: ship
        725 pirate ship: ship
        815 speedboat: motorboat
        834 submarine: sub
        914 shipwreck: ship, wreck
        """,
        seldom_missed=True,
    ),
    Group(
        "things that fly",
        "plane, airplane, helicopter, kite",
        "plane, airplane, aircraft, jet",
        """
        405 airplane: helicopter
        406 blimp: airship, balloon, zeppelin
        418 balloon
        ~658, 745 missile: rocket
        702 parachute: parasail, parasailing, parachuting, glider, paraglider, kite
        813 space shuttle: rocket
        896 fighter jet: jet fighter
        ~909 airplane wing: wing
        """,
    ),
    Group(
        "instruments with strings or keys",
        "guitar, instrument, violin",
        "instrument",
        """
        402 accordion: concertina
        403, 547 guitar: guitarist
        421 banjo: guitar
        487 cello: violin, bass
        580 grand piano: piano, keyboard
        595 harp
        688 pipe organ: organ
        882 piano: keyboard
        890 violin: fiddle, cello
        """,
        _IN,
    ),
    Group(
        "instruments that are blown or beaten",
        "drum, bagpipe, instrument, guitar",
        "instrument, band, musician",
        """
        433 bassoon: clarinet
        495 wind chime: bell
        514 trumpet: horn, cornet
        542, 823 drum: drummer, drumming
        ~543 drumstick
        559 flute
        567 french horn: horn
        578 gong
        594 harmonica
        642 maraca
        643 xylophone: marimba
        684 oboe: clarinet, flute
        ~685 ocarina
        700 pan flute: flute
        777 saxophone: sax, horn
        876 trombone: trumpet, horn
        """,
        _IN,
    ),
    Group(
        "balls, sport and play",
        "ball, toy, swing",
        "ball, toy, game",
        """
        ~417 balance beam: beam, gymnast, gymnastics
        423 barbell: weight, dumbbell
        430 baseball: softball, bat
        431 basketball: hoop
        457 bow/-: archer, archery, arrow
        477 carousel: merry-go-round, ride, carnival
        523 croquet ball: croquet
        544 dumbbell: weight, barbell
        575 golf ball: golf, golfer
        603 high bar: bar, gymnast, gymnastics
        612 jigsaw puzzle: puzzle
        646 maypole: pole
        703 parallel bars/parallel bars: bar, gymnast, gymnastics
        723 ping-pong ball: ping-pong, table tennis
        724 pinwheel
        737 pool table: pool, billiard
        747 hockey puck: puck, hockey
        ~748 punching bag: boxer, boxing
        753 tennis racket: racket, racquet, tennis, badminton
        ~769 rugby ball: rugby, football
        796 ski: skier, skiing, snowboard, snowboarder, snowboarding
        802 snorkel: snorkeling, snorkeler, scuba, diver, diving, goggle, underwater
        806 soccer ball: soccer
        844 swing: swinging
        851 teddy bear: stuffed animal, bear, doll, animal
        853 tennis ball: tennis
        891 volleyball
        """,
    ),
    Group(
        "drinks and what they come in",
        "bottle, cup, glass, drink, container",
        "drink, beverage",
        """
        441, 738, 899, 908 bottle: beer, soda, water bottle, wine, coke
        442 beer/-: glass, bottle
        504 cocktail shaker: bottle
        505 mug: cup, coffee, tea
        506 coffee pot: pot, kettle, teapot
        551 espresso machine: machine, coffee
        573 goblet: glass, wine
        ~681 baby bottle: bottle
        726 pitcher: jug, vase
        850 teapot: pot, kettle
        900, 902 jug: pitcher, bottle, vase
        967 wine/-: glass
        968 coffee/-: cup, espresso
        969 cup: mug, coffee, tea
        970 eggnog/-: milk, glass
        """,
        _IN,
    ),
    Group(
        "dishes",
        "food/-, cake, meal, bread/-",
        "food, meal, dish, snack, dinner, lunch, eating, eats",
        """
        925 guacamole/-: dip
        810, 926 soup/-: bowl
        927 hot pot: soup, stew
        928 trifle: dessert, cake, parfait
        929 ice cream/-: dessert, sundae
        930 popsicle: lollipop, ice cream
        931 bread/-: loaf/loaves, baguette
        932 bagel: bread, donut
        933 pretzel: bread
        934 cheeseburger: hamburger, burger, sandwich
        935 hot dog: hotdog, corndog, sandwich, sausage
        936 mashed potatoes/mashed potatoes: potato/potatoes
        960 pasta/-: spaghetti, noodle
        961 chocolate/-: cake
        962 dough/-
        963 meatloaf/meatloaves: meat
        964 pizza
        965 pie
        966 burrito: wrap, sandwich
        """,
        _IN,
    ),
    Group(
        "fruit and vegetables",
        "apple, flower, -/fruit, -/food",
        "fruit, vegetable, food, produce",
        """
        937 cabbage: lettuce
        938 broccoli/-
        939 cauliflower/-
        940 zucchini/zucchini: cucumber
        941-943 squash: pumpkin
        944 cucumber
        945 artichoke
        946 bell pepper: pepper
        ~947 thistle: flower
        948, 992-998 mushroom: fungus
        949 apple
        950 strawberry: berry
        951 orange
        952 lemon
        953 fig
        954 pineapple
        955 banana
        956 jackfruit/jackfruit
        ~957 custard apple
        958 pomegranate
        988, 999 corn/-: cob
        989 acorn: nut
        990 rose hip: berry
        991 chestnut: nut
        """,
        _IN,
    ),
    Group(
        "flowers and plants",
        "flower, plant, tree",
        "plant, flower",
        """
        739 flower pot: pot, potted, planter
        959 hay/-: straw, bale
        ~985 yellow flowers/yellow flowers: field
        986 daisy
        987 orchid
        """,
    ),
    Group(
        "buildings",
        "building, house, structure",
        "building, structure, house, tower",
        """
        426 barn: shed
        438 lighthouse
        443 bell tower: church, steeple
        449 birdhouse
        450 boathouse: cabin
        484 castle: palace, fortress
        498 church: cathedral, chapel
        ~501 cliff dwelling
        541 oil rig: rig, platform
        581 greenhouse
        635 sawmill
        661 mobile home: trailer, caravan
        664 monastery: church, temple
        669 mosque: temple, palace
        699 palace: castle, mansion
        728 planetarium: dome
        ~744 prison
        833 stupa: temple, pagoda, monument
        854 thatched house: roof, cottage, hut
        901 water tower
        916 yurt: tent, hut
        """,
    ),
    Group(
        "monuments and what else is built",
        "statue, structure, bridge, building",
        "structure, monument",
        """
        526 dam
        563 fountain
        ~558 flagpole: flag, pole
        ~650 standing stones/standing stones: stone, rock
        673 tent: camp, campsite, camping
        683 obelisk: tower, statue
        ~709 pedestal
        ~719 pier: dock
        756 satellite dish: telescope, antenna
        ~808 solar panel
        822, 840, 889 bridge: overpass, viaduct
        836 sundial
        864 totem pole: statue, carving
        874 arch: gate
        ~885 vault: arch
        ~647 maze
        518 construction crane: crane
        """,
    ),
    Group(
        "the landscape",
        "mountain, beach, lake",
        "landscape, scenery",
        """
        ~461 breakwater
        ~537 dock: pier, harbor
        ~971 mountain: hill, snow
        ~973 cliff: rock
        974 coral reef: coral, reef
        975 geyser: steam, smoke
        ~976 lake: water, river, pond
        ~977 headland: cliff, coast
        ~978-979 beach: sand, shore, ocean, sea
        ~980 valley: mountain, canyon
        981 volcano/volcanoes: mountain
        ~972 bubble
        """,
    ),
    Group(
        "shops and rooms",
        "store, shop, restaurant, room",
        "store, shop, room, market",
        """
        ~407 altar: church
        ~416 bakery
        ~425 barbershop
        ~455 bookstore: library
        ~468 butcher shop
        ~499 movie theater: theater
        ~510 candy store
        ~583 grocery store: supermarket
        ~599 home theater
        ~625 library
        ~707 patio: terrace
        ~763 restaurant: cafe, diner
        ~789 shoe store
        ~820 stage
        ~861 tobacco shop
        ~866 toy store
        """,
    ),
    Group(
        "furniture",
        "chair, table, bed, couch",
        "furniture",
        """
        ~424 barber chair: chair, seat
        432, 517, 521 crib: bed, cradle, bassinet, cot
        436 bathtub: tub, bath, bathing
        454 bookshelf/bookshelves: bookcase, shelf/shelves, book
        ~493 chest: trunk
        494 dresser: drawer, cabinet
        496 china cabinet: cabinet
        527 desk: table
        ~533 table: dinner, meal
        ~549 entertainment center
        ~554 filing cabinet: cabinet
        ~560 chair: seat, bench
        565 bed
        ~620, 847 lamp: light
        ~649 medicine cabinet: cabinet
        704 bench: seat
        ~722 pillow: cushion
        ~751 quilt: blanket
        766 rocking chair: chair, rocker
        ~742 rug: carpet, mat
        832 couch: sofa, bed
        858 throne: chair
        ~895 wardrobe: closet, cabinet
        862 toilet
        897 sink: basin
        ~877 tub: bathtub, bath, pool
        """,
    ),
    Group(
        "machines of the house",
        "machine, oven, refrigerator, box",
        "machine, appliance",
        """
        481 cash machine: atm
        535 dishwasher
        546 fan
        590 hair dryer: blow dryer, dryer
        607 iron
        652 microwave: oven
        754 radiator: heater
        761 refrigerator: fridge
        ~767 rotisserie: oven, grill
        787 sewing machine
        801 slot machine
        812 heater
        828 stove: oven
        860 toaster
        878 turnstile: gate
        883 vacuum cleaner: vacuum
        887 vending machine
        892 waffle iron
        898 washing machine: washer
        714 photocopier: copier, printer
        572 gas pump: pump
        ~584 guillotine
        """,
    ),
    Group(
        "electronics and clocks",
        "computer, phone, camera, tv",
        "computer, electronic",
        """
        410, 531, 893 clock: watch
        ~482 cassette: tape
        ~483, 849 cassette player: stereo, radio
        ~486 cd player: stereo, radio
        488 cell phone: phone, cellphone, telephone
        509, 811 keyboard
        528 computer: laptop, monitor
        529, 708 telephone: phone, payphone
        ~591 handheld computer: phone
        ~593 hard drive
        ~606 music player: ipod
        ~614 joystick
        621, 682 laptop: notebook
        ~633 speaker: loudspeaker
        651 microphone: mic, singing, singer, sings
        ~663 modem
        665 computer monitor: monitor, screen, tv, television
        674 computer mouse: mouse/mice
        ~686 speedometer
        689 oscilloscope
        733, 760 camera: photographer, photo, picture, photograph
        743 printer
        746 projector
        755 radio: stereo
        ~762 remote control: remote, controller
        ~783 screen: monitor, tv
        ~819 spotlight: light
        852 television: tv, screen
        ~845 light switch: switch
        879 typewriter
        """,
        _IN,
    ),
    Group(
        "tools and weapons",
        "stick, tool, gun, knife",
        "tool, weapon",
        """
        414, 765 rifle: gun
        463 broom: sweeping
        472 cannon: gun
        ~474 can opener
        492 chainsaw: saw
        500 knife/knives: cleaver
        ~513 corkscrew
        524 crutch
        588 hammer
        597 axe: hatchet
        ~601 hook
        ~617 knot
        ~619 ladle: spoon
        ~624 letter opener: knife/knives
        ~645 match: fire, flame
        ~678 nail
        ~694 paddle: oar
        ~697 paintbrush: brush
        ~732 plunger
        ~734 pole
        741 drill
        764 pistol: gun, revolver
        ~778 sword
        ~784 screw
        785 screwdriver
        788 shield
        793 shovel: digging
        ~814 spatula
        ~817 spindle
        841 mop
        ~863 torch: fire, flame
        ~911 wooden spoon: spoon
        ~727 wood plane
        ~667 mortar and pestle: bowl
        ~740 potter's wheel: pottery
        478 toolbox: tool
        """,
        _IN,
    ),
    Group(
        "pots, plates and other containers",
        "bowl, box, plate, pot",
        "container",
        """
        413 trash can: trashcan, garbage can, garbage, trash
        428, 757 barrel
        464 bucket: pail
        470 cauldron: pot
        ~479 carton: box
        520 crate: box
        ~522 slow cooker: pot
        545 pot: pan
        ~550 envelope: letter
        568 frying pan: pan, skillet
        ~589 laundry basket: basket
        638 mailbox
        ~648 measuring cup: cup
        ~654 milk can: can
        ~660 bowl
        ~693 packet: bag
        720 piggy bank: bank
        ~721 pill bottle: bottle
        ~729 plastic bag: bag
        ~730 dish rack
        772 safe
        ~774 salt shaker: shaker
        791 basket
        ~805 soap dispenser
        ~829 strainer
        ~869 tray
        884 vase: jar
        910 wok: pan
        ~924 plate: dish, food
        ~439 beaker: glass
        ~713 petri dish
        """,
    ),
    Group(
        "books, signs and papers",
        "sign, book, newspaper, paper",
        "sign, paper",
        """
        705 parking meter: meter
        ~782 scoreboard
        ~917 website
        918 comic book: book, comic, magazine
        919 crossword puzzle: puzzle, newspaper
        920 street sign
        921 traffic light: stoplight, traffic signal
        922 book: magazine
        923 menu
        ~447 binder
        ~459 plaque
        ~456 bottle cap
        ~641 manhole cover: manhole
        ~1000 toilet paper
        ~701 paper towel
        """,
    ),
    Group(
        "bags and things to carry",
        "bag, backpack, umbrella, stick",
        "bag",
        """
        415 backpack: pack, rucksack, hiker, backpacker
        448 -/binoculars: telescope
        ~637 mailbag
        749 purse: handbag
        798 sleeping bag: tent
        873 tripod: camera
        880 umbrella: parasol
        ~894 wallet: purse
        """,
    ),
    Group(
        "decorations and small things",
        "light, toy, doll, ball",
        "decoration, toy",
        """
        399 abacus
        ~411 beehive: box
        471 candle
        497 christmas stocking: stocking
        600 honeycomb
        605 hourglass
        608 jack-o'-lantern: pumpkin
        ~715 guitar pick: guitar
        ~750 quill: feather
        816 spider web: web
        ~904 wig: hair
        70 fossil
        644 mask: costume
        636 compass
        779 scale
        824 stethoscope: doctor
        827 stopwatch: watch, clock
        846 syringe: needle
        ~634 magnifying glass: glass
        ~427 barometer: clock
        ~770 ruler
        ~799 slide rule: ruler
        ~768 eraser
        ~710 pencil case
        ~711 pencil sharpener
        ~419, 564 pen: pencil
        ~420 bandage
        ~552 face powder: makeup
        ~586 hair spray
        ~627 lighter
        ~630 lipstick
        ~632 lotion
        ~712 perfume
        ~839 sunscreen
        ~856 thimble
        ~773 safety pin
        ~903 whistle
        ~675 mousetrap
        ~623 lens cap
        ~687 oil filter
        ~692 oxygen mask: mask
        ~571 gas mask: mask
        ~677 muzzle
        ~679 neck brace
        ~759 fishing reel: reel, fishing
        ~489 chain
        ~508, 696 lock: padlock
        """,
    ),
    Group(
        "people",
        "man/men, person/people, woman/women",
        "man, person, woman, boy, girl, men, people, women",
        """
        982 baseball player: baseball, batter, pitcher, catcher, umpire
        983 groom: couple, bride, wedding
        984 scuba diver: diver, scuba, diving, snorkel, swimmer, underwater, snorkeler
        """,
    ),
    Group(
        "clothing",
        "shirt, hat, dress, jacket",
        "clothes, clothing, outfit",
        """
        ~400 abaya: robe
        ~401, 579 gown: dress, robe
        ~412 apron
        ~434 swim cap: cap
        ~440 bearskin hat: hat
        ~444 bib
        ~446 bikini: swimsuit
        ~452 bolo tie: tie
        ~453 bonnet: hat
        ~458 bow tie: tie
        ~460 bra: bikini
        ~462, 525 armor/-: costume
        ~465 buckle: belt
        ~466 bulletproof vest: vest
        ~475 cardigan: sweater
        ~491 chain mail/-: armor
        ~502 cloak: cape
        ~503, 631 shoe
        ~515 cowboy boot: boot
        ~516 cowboy hat: hat
        ~519, 561 helmet
        ~530 diaper
        ~532 wristwatch: watch
        ~553 feather boa: boa
        ~569 fur coat: coat, fur
        ~585 hair clip
        ~592 handkerchief: cloth
        ~598 holster
        ~602 hoop skirt: dress, skirt
        ~609 -/jeans: denim, pants
        ~611 t-shirt: shirt
        ~615 kimono: robe
        ~616 knee pad: pad
        ~618 lab coat: coat
        ~639-640 swimsuit: bikini, bathing suit
        ~653 military uniform: uniform, soldier
        ~656 miniskirt: skirt
        ~659 mitten: glove
        ~668 graduation cap: cap, hat
        ~680 necklace: beads
        ~690 skirt: dress
        ~698 -/pajamas
        ~716 spiked helmet: helmet
        ~736 poncho
        ~771 sneaker: shoe
        ~775 sandal: shoe
        ~776 sarong: skirt
        ~794 shower cap: cap
        ~797 ski mask: mask
        ~807 sock
        ~809 sombrero: hat
        ~825 stole: scarf/scarves
        ~835 suit: jacket
        ~837-838 -/sunglasses: glasses
        ~842 sweatshirt: sweater, hoodie
        ~843 -/swimming trunks: trunks, shorts
        ~870 trench coat: coat
        ~888 vestment: robe
        ~907 tie
        """,
    ),
    Group(
        "parts, materials and what hangs on walls",
        "wall, door, window, fence",
        "part",
        """
        ~422 railing: rail
        ~476 side mirror: mirror
        ~480 wheel: tire
        ~490 chain-link fence: fence
        ~507 spiral
        ~534 dishcloth: cloth
        ~435 towel
        ~536 disc brake
        ~539 dome
        ~540 doormat: mat
        ~557 fireplace: fire
        ~582 grille
        ~670 mosquito net: net
        ~695 paddle wheel
        ~717 picket fence: fence
        ~786 seat belt: belt
        ~790 sliding screen
        ~795 shower curtain: curtain
        ~800 sliding door: door
        ~826 stone wall: wall
        ~855 curtain: stage
        ~859 roof
        ~886 velvet/-
        ~905 window screen: window
        ~906 window blind: window
        ~912 wool/-
        ~913 rail fence: fence
        """,
    ),
)
