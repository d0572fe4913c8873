"""How large the categories of Quick, Draw! are beside each other: five coarse classes.

Milder than nature, or no ant would be seen beside a castle.
"""

from __future__ import annotations

USUAL = 1.0  # a person's size, and whatever is not named here

_CLASSES = {
    0.45: """
        ant, apple, asparagus, banana, bandage, baseball, bat, beard, bee, blackberry, blueberry,
        bottlecap, bowtie, bracelet, brain, bread, broccoli, butterfly, calculator, carrot,
        cell phone, coffee cup, compass, cookie, crab, crayon, cup, donut, ear, elbow, envelope,
        eraser, eye, eyeglasses, feather, finger, flip flops, fork, frog, goatee, grapes,
        hamburger, hockey puck, hot dog, ice cream, key, knife, leaf, light bulb, lighter,
        lipstick, lollipop, marker, matches, mosquito, mouse, moustache, mouth, mug, mushroom,
        nail, necklace, nose, onion, paintbrush, paper clip, passport, peanut, pear, peas, pencil,
        popsicle, postcard, potato, power outlet, sandwich, scorpion, snail, snowflake, spider,
        spoon, steak, stitches, strawberry, string bean, syringe, toe, tooth, toothbrush,
        toothpaste, wristwatch
    """,
    0.7: """
        alarm clock, anvil, arm, axe, backpack, baseball bat, basket, basketball, belt,
        binoculars, bird, birthday cake, book, boomerang, broom, bucket, bush, cactus, cake,
        calendar, camera, candle, cat, circle, clarinet, clock, cooler, crown, diamond, drill,
        duck, dumbbell, face, fan, fire hydrant, fish, flashlight, flower, foot, frying pan,
        golf club, guitar, hammer, hand, hat, headphones, hedgehog, helmet, hexagon, hockey stick,
        hourglass, house plant, jacket, keyboard, knee, lantern, laptop, leg, lobster, mailbox,
        map, megaphone, microphone, microwave, octagon, octopus, owl, paint can, pants, parrot,
        penguin, picture frame, pillow, pineapple, pizza, pliers, purse, rabbit, raccoon, radio,
        rake, remote control, rifle, rollerskates, saw, saxophone, scissors, screwdriver,
        sea turtle, shoe, shorts, shovel, skateboard, skull, smiley face, snake, snorkel,
        soccer ball, sock, spreadsheet, square, squiggle, squirrel, star, stereo, stethoscope,
        suitcase, swan, sweater, sword, t-shirt, teapot, teddy-bear, telephone, tennis racquet,
        the mona lisa, toaster, triangle, trombone, trumpet, underwear, vase, violin, watermelon,
        wine bottle, wine glass, zigzag
    """,
    1.4: """
        ambulance, bridge, bulldozer, bus, camel, cannon, canoe, car, cloud, cow, crocodile,
        dolphin, dragon, elephant, fence, firetruck, flying saucer, garden, giraffe, helicopter,
        horse, hot air balloon, hot tub, jail, lightning, moon, palm tree, parachute, piano,
        pickup truck, police car, pond, rain, rhinoceros, sailboat, school bus, shark, speedboat,
        stairs, streetlight, sun, swing set, tent, tractor, traffic light, train, tree, truck,
        van, waterslide
    """,
    1.8: """
        aircraft carrier, airplane, animal migration, barn, beach, castle, church, cruise ship,
        hospital, house, hurricane, lighthouse, mountain, ocean, pool, rainbow, river,
        roller coaster, skyscraper, submarine, the eiffel tower, the great wall of china, tornado,
        whale, windmill
    """,
}
_SIZES = {
    category: size
    for size, names in _CLASSES.items()
    for category in (" ".join(name.split()) for name in names.split(","))
}


def natural_size(category: str) -> float:
    """The longer side of a figure of this category, beside a person's of 1."""
    return _SIZES.get(category, USUAL)
