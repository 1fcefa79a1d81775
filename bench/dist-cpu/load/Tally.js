/**
 * Makes a consumer. All cells make their consumers here, so that V8 sees handlers from a single place in every cell. Handlers from many
 * places are slower to call.
 */
export function newTally() {
    let taken = 0;
    return {
        take: () => {
            taken += 1;
        },
        count: () => taken,
    };
}
