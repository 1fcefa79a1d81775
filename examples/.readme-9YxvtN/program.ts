import { range } from 'rxjs';
import { dropNewest } from 'sharing-bus';

range(1, 4)
  .pipe(dropNewest({ capacity: 2, onDrop: (value, lagged) => console.log(`dropped ${value}, ${lagged} in all`) }))
  .subscribe((value) => console.log(value));
