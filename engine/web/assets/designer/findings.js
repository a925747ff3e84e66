// What the server's gate found: marks on the drawing and a list under it; choosing a line selects the element.
export class Findings {
  constructor(list, modeler, say) {
    this.list = list;
    this.modeler = modeler;
    this.say = say;
    this.marked = [];
  }

  show(faults) {
    const canvas = this.modeler.get('canvas');
    const registry = this.modeler.get('elementRegistry');
    for (const [id, mark] of this.marked) if (registry.get(id)) canvas.removeMarker(id, mark);
    this.marked = [];
    for (const fault of faults) {
      if (fault.element_id && registry.get(fault.element_id)) {
        const mark = `finding-${fault.severity}`;
        canvas.addMarker(fault.element_id, mark);
        this.marked.push([fault.element_id, mark]);
      }
    }
    const errors = faults.filter((fault) => fault.severity === 'error').length;
    document.querySelector('[data-findings-count]').textContent = faults.length
      ? this.say.count.replace('{errors}', errors).replace('{warnings}', faults.length - errors)
      : this.say.none;
    this.list.replaceChildren(...faults.map((fault) => this.line(fault, registry)));
  }

  line(fault, registry) {
    const item = document.createElement('li');
    const button = document.createElement('button');
    button.type = 'button';
    button.className = 'finding';
    button.dataset.severity = fault.severity;
    const element = fault.element_id && registry.get(fault.element_id);
    const name = element?.businessObject?.name || fault.element_id || fault.file;
    button.append(this.part('finding-where', name), this.part('finding-reason', fault.reason), this.part('finding-remedy', fault.remedy));
    if (element) button.addEventListener('click', () => this.go(element));
    else button.disabled = true;
    item.append(button);
    return item;
  }

  part(kind, text) {
    const span = document.createElement('span');
    span.className = kind;
    span.textContent = text;
    return span;
  }

  go(element) {
    this.modeler.get('selection').select(element);
    this.modeler.get('canvas').scrollToElement(element, 120);
  }
}
